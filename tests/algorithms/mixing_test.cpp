#include "stoker/algorithms/mixing.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

using namespace stoker;
using algorithms::MixPer;
using train::Event;

namespace {

class Nothing : public models::Model {
 public:
  at::Tensor forward(const at::Tensor& images) override { return images; }
  std::string head() const override { return ""; }
};

constexpr int64_t kCount = 5, kClasses = 4, kHeight = 9, kWidth = 14;

// Image i is 10 (i + 1) everywhere, of class i modulo 4.
struct Bench {
  Nothing model;
  std::unique_ptr<optim::Optimizer> optimizer =
      optim::optimizers().build(optim::optimizers().pick("sgd"), {});
  train::State state{model, *optimizer, nullptr, {.seed = 7, .context = {.classes = kClasses}}};
  train::MicroBatch batch;

  void ready(train::Algorithm& algorithm, int64_t step = 3, int64_t micro_step = 1) {
    state.position.step = step;
    batch.number = micro_step;
    batch.images = ((at::arange(kCount, at::kFloat) + 1) * 10)
                       .view({kCount, 1, 1, 1})
                       .expand({kCount, 3, kHeight, kWidth})
                       .contiguous(at::MemoryFormat::ChannelsLast);
    batch.labels = at::arange(kCount, at::kLong) % kClasses;
    batch.targets.reset();
    batch.is_mixed = false;
    train::Context context{.state = state, .batch = &batch};
    algorithm.apply(Event::kBatchReady, context);
  }
};

double at_class(const at::Tensor& targets, int64_t i, int64_t c) {
  return targets[i][c].item<double>();
}

}  // namespace

TEST_CASE("Beta draws have the mean and variance of their alpha") {
  for (const double alpha : {0.1, 0.2, 0.4, 1.0, 3.0}) {
    RandomStream random({.seed = 1}, Purpose::kMix);
    constexpr int kDraws = 40'000;
    double sum = 0, square = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double l = algorithms::draw_beta(alpha, random);
      REQUIRE((l >= 0 && l <= 1));
      sum += l;
      square += (l - 0.5) * (l - 0.5);
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    INFO("alpha " << alpha);
    CHECK(std::fabs(sum / kDraws - 0.5) < 5 * std::sqrt(variance / kDraws));
    CHECK(square / kDraws == Approx(variance).epsilon(0.03));
  }
}

TEST_CASE("mixup blends each image with the one before and its target alike") {
  Bench bench;
  for (const MixPer per : {MixPer::kBatch, MixPer::kPair}) {
    const auto mixup =
        algorithms::make_mixup({.alpha = 1, .probability = 1, .per = per}, bench.state);
    bench.ready(*mixup);
    REQUIRE(bench.batch.targets.sizes() == at::IntArrayRef{kCount, kClasses});
    CHECK(bench.batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    double first = 0;
    bool all_the_same = true;
    for (int64_t i = 0; i < kCount; ++i) {
      const int64_t before = (i + kCount - 1) % kCount;
      const double own = 10.0 * static_cast<double>(i + 1);
      const double other = 10.0 * static_cast<double>(before + 1);
      const double value = bench.batch.images[i][1][4][7].item<double>();
      const double kept = (value - other) / (own - other);
      CHECK((kept >= 0 && kept <= 1));
      if (i % kClasses != before % kClasses) {
        CHECK(at_class(bench.batch.targets, i, i % kClasses) == Approx(kept).margin(1e-4));
        CHECK(at_class(bench.batch.targets, i, before % kClasses) == Approx(1 - kept).margin(1e-4));
      } else {
        CHECK(at_class(bench.batch.targets, i, i % kClasses) == Approx(1));
      }
      if (i == 0) first = kept;
      all_the_same = all_the_same && std::fabs(kept - first) < 1e-4;
    }
    CHECK(all_the_same == (per == MixPer::kBatch));
  }
}

TEST_CASE("cutmix pastes a box and counts its pixels") {
  Bench bench;
  for (const MixPer per : {MixPer::kBatch, MixPer::kPair}) {
    const auto cutmix =
        algorithms::make_cutmix({.alpha = 1, .probability = 1, .per = per}, bench.state);
    bool pasted_any = false;
    for (int64_t step = 0; step < 10; ++step) {
      bench.ready(*cutmix, step);
      CHECK(bench.batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
      for (int64_t i = 0; i + 1 < kCount; ++i) {  // the last is of the first one's class
        const double own = 10.0 * static_cast<double>(i + 1);
        const at::Tensor kept = bench.batch.images[i][0] == own;
        const double share = kept.to(at::kDouble).mean().item<double>();
        pasted_any = pasted_any || share < 1;
        if (i > 0)
          CHECK(at_class(bench.batch.targets, i, i % kClasses) == Approx(share).margin(1e-6));
        CHECK(bench.batch.targets[i].sum().item<double>() == Approx(1));
      }
    }
    CHECK(pasted_any);
  }
}

TEST_CASE("mixing is a function of seed, step and micro-batch, and leaves what is mixed alone") {
  Bench bench;
  const auto mixup = algorithms::make_mixup({.alpha = 1}, bench.state);
  const auto images_at = [&](int64_t step, int64_t micro_step) {
    bench.ready(*mixup, step, micro_step);
    return bench.batch.images.clone();
  };
  const at::Tensor once = images_at(5, 2);
  CHECK(once.equal(images_at(5, 2)));
  CHECK_FALSE(once.equal(images_at(6, 2)));
  CHECK_FALSE(once.equal(images_at(5, 3)));

  const auto cutmix = algorithms::make_cutmix({}, bench.state);
  bench.ready(*mixup);
  const at::Tensor mixed = bench.batch.images.clone();
  train::Context context{.state = bench.state, .batch = &bench.batch};
  cutmix->apply(Event::kBatchReady, context);
  CHECK(bench.batch.images.equal(mixed));
  bench.ready(*algorithms::make_mixup({.probability = 0}, bench.state));
  CHECK_FALSE(bench.batch.targets.defined());
}
