#include "stoker/train/average_views.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::train;

namespace {

const auto kCrossEntropy = losses::losses().build(losses::losses().pick("cross_entropy"), {});
const auto kBce = losses::losses().build(losses::losses().pick("bce"), {});

ops::TensorBatch batch_of(const std::vector<int64_t>& samples) {
  std::vector<int64_t> labels;
  for (const int64_t sample : samples) labels.push_back(sample % 4);
  return {{}, at::tensor(labels, at::kLong), samples};
}

}  // namespace

TEST_CASE("average views: the mean of the probabilities of an image's views") {
  at::manual_seed(3);
  const at::Tensor logits = at::randn({6, 4}) * 3;
  const ops::TensorBatch batch = batch_of({7, 7, 7, 2, 2, 2});
  const AveragedViews averaged = average_views(logits, batch, 3, *kCrossEntropy);
  const at::Tensor expected = at::softmax(logits, 1).reshape({2, 3, 4}).mean(1);
  CHECK(at::allclose(at::softmax(averaged.logits, 1), expected, 1e-5, 1e-7));
  CHECK(averaged.samples == std::vector<int64_t>{7, 2});
  CHECK(averaged.labels.equal(at::tensor({3, 2}, at::kLong)));
}

TEST_CASE("average views: of sigmoids under BCE") {
  at::manual_seed(4);
  const at::Tensor logits = at::randn({4, 5}) * 3;
  const AveragedViews averaged = average_views(logits, batch_of({0, 0, 1, 1}), 2, *kBce);
  const at::Tensor expected = at::sigmoid(logits).reshape({2, 2, 5}).mean(1);
  CHECK(at::allclose(at::sigmoid(averaged.logits), expected, 1e-5, 1e-7));
}

TEST_CASE("average views: certainty beyond what a float's probability can say stays finite") {
  const at::Tensor logits = at::tensor({0.f, 500.f, 0.f, 480.f}).reshape({2, 2});
  for (const auto& loss : {kCrossEntropy, kBce}) {
    const AveragedViews averaged = average_views(logits, batch_of({1, 1}), 2, *loss);
    CHECK(averaged.logits.isfinite().all().item<bool>());
    CHECK(averaged.logits.argmax(1).item<int64_t>() == 1);
  }
}

TEST_CASE("average views: a view that could not be read is left out of its image's mean") {
  at::manual_seed(5);
  const at::Tensor logits = at::randn({5, 3});
  const AveragedViews averaged =
      average_views(logits, batch_of({4, 4, 5, 6, 6}), 2, *kCrossEntropy);
  const at::Tensor p = at::softmax(logits, 1);
  const at::Tensor expected =
      at::cat({p.slice(0, 0, 2).mean(0, true), p.slice(0, 2, 3), p.slice(0, 3, 5).mean(0, true)});
  CHECK(at::allclose(at::softmax(averaged.logits, 1), expected, 1e-5, 1e-7));
  CHECK(averaged.labels.equal(at::tensor({0, 1, 2}, at::kLong)));
}

TEST_CASE("average views: one view is what came in; reduced precision comes out as float32") {
  const at::Tensor logits = at::randn({2, 3}).to(at::kBFloat16);
  const ops::TensorBatch batch = batch_of({0, 1});
  CHECK(average_views(logits, batch, 1, *kCrossEntropy).logits.is_same(logits));
  CHECK(average_views(logits, batch_of({0, 0}), 2, *kCrossEntropy).logits.dtype() == at::kFloat);
  CHECK_THROWS_AS(average_views(logits, batch_of({0}), 2, *kCrossEntropy), InternalError);
}
