// color_jitter: brightness, contrast, saturation and hue by random amounts in a random order, as
// torchvision's ColorJitter.
#include <array>
#include <utility>

#include "stoker/augment/range.h"
#include "stoker/augment/rows.h"

namespace stoker::augment {
namespace {

using kernels::OpKind;

constexpr double kMostFactor = 100;

struct ColorJitterOptions {
  std::vector<double> brightness = {0};
  std::vector<double> contrast = {0};
  std::vector<double> saturation = {0};
  std::vector<double> hue = {0};
  double probability = 1;
};

void describe(ColorJitterOptions& o, config::Fields& fields) {
  fields("brightness", o.brightness, "0.4 draws a factor from 0.6 to 1.4; [low, high] from these")
      .in(0, kMostFactor);
  fields("contrast", o.contrast, "factor of the distance to the mean gray, as brightness")
      .in(0, kMostFactor);
  fields("saturation", o.saturation, "factor of the distance to gray, as brightness")
      .in(0, kMostFactor);
  fields("hue", o.hue, "0.1 turns the colour circle by -0.1 to 0.1; [low, high] by these")
      .in(-0.5, 0.5);
  fields("probability", o.probability, "of changing an image at all").in(0, 1);
}

class ColorJitter : public ImageStep {
 public:
  explicit ColorJitter(const ColorJitterOptions& o)
      : probability_(static_cast<float>(o.probability)) {
    const auto factor = [](const std::vector<double>& values, std::string_view option) {
      return range_of(values, "color_jitter", option, {0, kMostFactor, 1});
    };
    changes_ = {{{OpKind::kBrightness, factor(o.brightness, "brightness"), 1},
                 {OpKind::kContrast, factor(o.contrast, "contrast"), 1},
                 {OpKind::kSaturation, factor(o.saturation, "saturation"), 1},
                 {OpKind::kHue, range_of(o.hue, "color_jitter", "hue", {-0.5, 0.5, 0}), 0}}};
  }

  int most_ops() const override {
    int ops = 0;
    for (const Change& change : changes_) ops += !change.range.is_only(change.neutral);
    return ops;
  }

  void append(Size, RandomStream& random, kernels::Program& program) const override {
    if (!random.coin(probability_)) return;
    std::array<kernels::Op, kChanges> ops;
    for (size_t i = 0; i < kChanges; ++i) {
      ops[i].kind = changes_[i].kind;
      ops[i].p[0] = static_cast<float>(changes_[i].range.draw(random));
    }
    std::array<size_t, kChanges> order = {0, 1, 2, 3};
    for (size_t i = kChanges - 1; i > 0; --i)
      std::swap(order[i], order[random.below(static_cast<uint32_t>(i) + 1)]);
    for (const size_t i : order)
      if (!changes_[i].range.is_only(changes_[i].neutral)) program.add(ops[i]);
  }

 private:
  static constexpr size_t kChanges = 4;
  struct Change {
    OpKind kind = OpKind::kBrightness;
    Range range;
    double neutral = 1;  // changes nothing
  };
  std::array<Change, kChanges> changes_;
  float probability_;
};

}  // namespace

StepTable::Row color_jitter_row() {
  return row_of<ColorJitter, ColorJitterOptions>(
      "color_jitter",
      "brightness, contrast, saturation and hue by random amounts, in random order");
}

}  // namespace stoker::augment
