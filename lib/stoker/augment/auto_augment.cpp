// auto_augment: one of the pairs of operations that were found for a data set.
#include "stoker/augment/auto_augment_policies.h"
#include "stoker/augment/rows.h"

namespace stoker::augment {
namespace {

struct AutoAugmentOptions {
  AutoAugmentPolicy policy = AutoAugmentPolicy::kImageNet;
  Interpolation interpolation = Interpolation::kNearest;
  int64_t fill = 0;
};

void describe(AutoAugmentOptions& o, config::Fields& fields) {
  fields("policy", o.policy, "the data set that it was found for");
  fields("interpolation", o.interpolation, "of shears, moves and turns");
  fields("fill", o.fill, "0 to 255: what they show outside the image").in(0, 255);
}

class AutoAugment : public ImageStep {
 public:
  explicit AutoAugment(const AutoAugmentOptions& o)
      : pairs_(pairs_of(o.policy)), look_{o.interpolation, o.fill} {}

  int most_ops() const override { return 2; }

  void append(Size size, RandomStream& random, kernels::Program& program) const override {
    for (const PolicyStep& step : pairs_[random.below(static_cast<uint32_t>(pairs_.size()))]) {
      if (!random.coin(step.probability)) continue;
      const Magnitude magnitude =
          magnitude_of(PolicySpace::kStandard, step.op, step.magnitude, kAutoAugmentBins, size);
      append_drawn(step.op, magnitude, size, look_, random, program);
    }
  }

 private:
  std::span<const PolicyPair, 25> pairs_;
  WarpLook look_;
};

}  // namespace

StepTable::Row auto_augment_row() {
  return row_of<AutoAugment, AutoAugmentOptions>(
      "auto_augment", "one of the pairs of operations that were found for a data set");
}

}  // namespace stoker::augment
