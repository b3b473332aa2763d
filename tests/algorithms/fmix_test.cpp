#include "stoker/algorithms/fmix.h"

#include <ATen/ops/arange.h>

#include <cmath>

#include "stoker/models/model.h"
#include "stoker/optim/optimizer.h"
#include "support/catch.h"

using namespace stoker;
using algorithms::MixPer;

namespace {

constexpr int64_t kHeight = 11, kWidth = 14;

at::Tensor mask(double kept, double decay, uint64_t seed = 1, int64_t height = kHeight) {
  RandomStream random({.seed = seed}, Purpose::kMix);
  return algorithms::fmix_mask(height, kWidth, kept, decay, random);
}

// Neighbours in a row that differ.
int64_t edges(const at::Tensor& mask) {
  return (mask.slice(1, 1) != mask.slice(1, 0, -1)).sum().item<int64_t>();
}

class Nothing : public models::Model {
 public:
  at::Tensor forward(const at::Tensor& images) override { return images; }
  std::string head() const override { return ""; }
};

}  // namespace

TEST_CASE("an fmix mask keeps exactly its share of the pixels") {
  for (const double kept : {0.0, 0.01, 0.3, 0.5, 0.77, 1.0}) {
    const at::Tensor own = mask(kept, 3);
    REQUIRE(own.sizes() == at::IntArrayRef{kHeight, kWidth});
    CHECK(own.sum().item<int64_t>() == std::llround(kept * kHeight * kWidth));
  }
  CHECK(mask(0.5, 3, 1, 1).sum().item<int64_t>() == kWidth / 2);
}

TEST_CASE("fmix masks are a function of the stream, and smoother the more the noise falls") {
  CHECK(mask(0.5, 3).equal(mask(0.5, 3)));
  CHECK_FALSE(mask(0.5, 3).equal(mask(0.5, 3, 2)));
  int64_t rough = 0, smooth = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    rough += edges(mask(0.5, 0, seed));
    smooth += edges(mask(0.5, 3, seed));
  }
  // White noise differs between half of the neighbours: 10 * 11 * 13 / 2.
  CHECK(rough == Approx(715).epsilon(0.1));
  CHECK(smooth < rough / 2);
}

TEST_CASE("fmix puts images together along the mask and shares their targets by pixels") {
  constexpr int64_t kCount = 5, kClasses = 5;
  Nothing model;
  const auto optimizer = optim::optimizers().build(optim::optimizers().pick("sgd"), {});
  train::State state(model, *optimizer, nullptr, {.seed = 7, .context = {.classes = kClasses}});
  for (const MixPer per : {MixPer::kBatch, MixPer::kPair}) {
    train::MicroBatch batch{.number = 1,
                            .images = at::arange(kCount, at::kFloat)
                                          .view({kCount, 1, 1, 1})
                                          .expand({kCount, 3, kHeight, kWidth})
                                          .contiguous(at::MemoryFormat::ChannelsLast),
                            .labels = at::arange(kCount, at::kLong)};
    train::Context context{.state = state, .batch = &batch};
    algorithms::make_fmix({.per = per}, state)->apply(train::Event::kBatchReady, context);
    REQUIRE(batch.targets.defined());
    CHECK(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    bool all_alike = true;
    for (int64_t i = 0; i < kCount; ++i) {
      const at::Tensor own = batch.images[i] == i;
      const int64_t before = (i + kCount - 1) % kCount;
      CHECK((own | (batch.images[i] == before)).all().item<bool>());
      CHECK(own[0].equal(own[2]));
      const double share = own.to(at::kDouble).mean().item<double>();
      CHECK(batch.targets[i][i].item<double>() == Approx(share).margin(1e-6));
      CHECK(batch.targets[i][before].item<double>() == Approx(1 - share).margin(1e-6));
      all_alike = all_alike && own.equal(batch.images[0] == 0);
    }
    CHECK(all_alike == (per == MixPer::kBatch));
  }
}
