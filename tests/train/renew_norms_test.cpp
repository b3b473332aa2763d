#include "stoker/train/renew_norms.h"

#include <ATen/ops/dropout.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <vector>

#include "stoker/nn/batch_norm.h"
#include "support/catch.h"

using namespace stoker;

namespace {

constexpr int64_t kChannels = 3;

class Normed : public models::Model {
 public:
  at::Tensor forward(const at::Tensor& images) override {
    return at::dropout(frozen->forward(norm->forward(images)), 0.5, is_training());
  }
  std::string head() const override { return ""; }
  std::shared_ptr<nn::BatchNorm> norm = register_module(
      "norm", std::make_shared<nn::BatchNorm>(kChannels, nn::BatchNormOptions{.momentum = 0.3}));
  std::shared_ptr<nn::BatchNorm> frozen =
      register_module("frozen", std::make_shared<nn::BatchNorm>(kChannels, nn::BatchNormOptions{}));
};

// Of so many images each.
class Batches : public train::BatchSource {
 public:
  explicit Batches(const std::vector<int64_t>& sizes) {
    for (const int64_t size : sizes) {
      ops::TensorBatch batch;
      batch.images = at::randn({size, kChannels, 5, 4}) * 2 + 1;
      batch.labels = at::zeros({size}, at::kLong);
      batches.push_back(batch);
    }
  }
  std::optional<ops::TensorBatch> next() override {
    if (at_ == batches.size()) return std::nullopt;
    return batches[at_++];
  }
  double wait_s() const override { return 0; }

  std::vector<ops::TensorBatch> batches;

 private:
  size_t at_ = 0;
};

struct Bench {
  Normed model;
  Bench() {
    model.frozen->bias.set_requires_grad(false);
    model.frozen->weight.set_requires_grad(false);
    model.norm->num_batches_tracked.fill_(41);
    model.norm->running_mean.fill_(7);
    model.norm->running_var.fill_(9);
    model.frozen->running_mean.fill_(0.5);
    model.train();
  }
  // Of the batches of at least two images.
  static at::Tensor mean_over(const Batches& images, bool of_variances) {
    std::vector<at::Tensor> each;
    for (const auto& batch : images.batches) {
      if (batch.images.size(0) < 2) continue;
      each.push_back(of_variances ? batch.images.var({0, 2, 3}) : batch.images.mean({0, 2, 3}));
    }
    return at::stack(each).mean(0);
  }
};

}  // namespace

TEST_CASE("renewed statistics are the mean of the batches', whatever they were", "[train]") {
  Bench bench;
  bench.model.norm->set_span({.ghost_images = 2});
  Batches images({6, 4, 0, 1, 5});
  train::renew_norm_statistics(bench.model, images, {.smallest_batch = 2});
  CHECK(bench.model.norm->running_mean.allclose(Bench::mean_over(images, false), 1e-5, 1e-6));
  CHECK(bench.model.norm->running_var.allclose(Bench::mean_over(images, true), 1e-5, 1e-6));
}

TEST_CASE("renewing statistics leaves everything else as it was", "[train]") {
  Bench bench;
  bench.model.norm->set_span({.ghost_images = 2});
  Batches images({6, 5});
  train::renew_norm_statistics(bench.model, images, {});
  CHECK(bench.model.norm->num_batches_tracked.item<int64_t>() == 41);
  CHECK(bench.model.norm->momentum() == 0.3);
  CHECK(bench.model.norm->span().ghost_images == 2);
  CHECK(bench.model.is_training());
  CHECK(bench.model.norm->is_training());
  CHECK(bench.model.frozen->running_mean.eq(0.5).all().item<bool>());
  CHECK(bench.model.frozen->num_batches_tracked.item<int64_t>() == 0);
  CHECK_FALSE(bench.model.norm->weight.grad().defined());
}

TEST_CASE("without images the statistics stay", "[train]") {
  Bench bench;
  Batches none({0, 1});
  train::renew_norm_statistics(bench.model, none, {.smallest_batch = 2});
  CHECK(bench.model.norm->running_mean.eq(7).all().item<bool>());
}

TEST_CASE("norms of other makes are known as such", "[train]") {
  Bench bench;
  CHECK_FALSE(train::has_foreign_norms(bench.model));
  bench.model.register_buffer("running_mean", at::zeros({2}));
  CHECK(train::has_foreign_norms(bench.model));
}
