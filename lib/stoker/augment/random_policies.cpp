// rand_augment: some operations in a row, all of one magnitude. trivial_augment_wide: one operation
// of a random magnitude.
#include "stoker/augment/policy.h"
#include "stoker/augment/rows.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

constexpr int64_t kMostBins = 1000;

PolicyOp draw_op(RandomStream& random) {
  return static_cast<PolicyOp>(random.below(kRandomPolicyOps));
}

struct RandAugmentOptions {
  int64_t num_ops = 2;
  int64_t magnitude = 9;
  int64_t num_magnitude_bins = 31;
  Interpolation interpolation = Interpolation::kNearest;
  int64_t fill = 0;
};

void describe(RandAugmentOptions& o, config::Fields& fields) {
  fields("num_ops", o.num_ops, "operations an image, each drawn by itself").in(1, 8);
  fields("magnitude", o.magnitude, "strength, below num_magnitude_bins").in(0, kMostBins - 1);
  fields("num_magnitude_bins", o.num_magnitude_bins, "steps from nothing to the strongest")
      .in(2, kMostBins);
  fields("interpolation", o.interpolation, "of shears, moves and turns");
  fields("fill", o.fill, "0 to 255: what they show outside the image").in(0, 255);
}

class RandAugment : public ImageStep {
 public:
  explicit RandAugment(const RandAugmentOptions& o) : options_(o), look_{o.interpolation, o.fill} {
    if (o.magnitude >= o.num_magnitude_bins)
      throw ConfigError(fmt::format(
          "augment: rand_augment: magnitude is {}, expected 0 to {}: num_magnitude_bins is {}.",
          o.magnitude, o.num_magnitude_bins - 1, o.num_magnitude_bins));
  }

  int most_ops() const override { return static_cast<int>(options_.num_ops); }

  void append(Size size, RandomStream& random, kernels::Program& program) const override {
    for (int64_t i = 0; i < options_.num_ops; ++i) {
      const PolicyOp op = draw_op(random);
      const Magnitude magnitude = magnitude_of(PolicySpace::kStandard, op, options_.magnitude,
                                               options_.num_magnitude_bins, size);
      append_drawn(op, magnitude, size, look_, random, program);
    }
  }

 private:
  RandAugmentOptions options_;
  WarpLook look_;
};

struct TrivialAugmentOptions {
  int64_t num_magnitude_bins = 31;
  Interpolation interpolation = Interpolation::kNearest;
  int64_t fill = 0;
};

void describe(TrivialAugmentOptions& o, config::Fields& fields) {
  fields("num_magnitude_bins", o.num_magnitude_bins, "steps from nothing to the strongest")
      .in(2, kMostBins);
  fields("interpolation", o.interpolation, "of shears, moves and turns");
  fields("fill", o.fill, "0 to 255: what they show outside the image").in(0, 255);
}

class TrivialAugmentWide : public ImageStep {
 public:
  explicit TrivialAugmentWide(const TrivialAugmentOptions& o)
      : bins_(o.num_magnitude_bins), look_{o.interpolation, o.fill} {}

  int most_ops() const override { return 1; }

  void append(Size size, RandomStream& random, kernels::Program& program) const override {
    const PolicyOp op = draw_op(random);
    const int64_t index = random.below(static_cast<uint32_t>(bins_));
    const Magnitude magnitude = magnitude_of(PolicySpace::kWide, op, index, bins_, size);
    append_drawn(op, magnitude, size, look_, random, program);
  }

 private:
  int64_t bins_;
  WarpLook look_;
};

}  // namespace

StepTable::Row rand_augment_row() {
  return row_of<RandAugment, RandAugmentOptions>("rand_augment",
                                                 "some operations in a row, all of one magnitude");
}

StepTable::Row trivial_augment_wide_row() {
  return row_of<TrivialAugmentWide, TrivialAugmentOptions>("trivial_augment_wide",
                                                           "one operation of a random magnitude");
}

}  // namespace stoker::augment
