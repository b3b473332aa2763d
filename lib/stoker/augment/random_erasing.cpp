// random_erasing: a box of the finished image painted over (Zhong et al., "Random Erasing Data
// Augmentation", AAAI 2020). The box is drawn as torchvision's RandomErasing draws it.
#include <cmath>

#include "stoker/augment/range.h"
#include "stoker/augment/rows.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

// In the order of kernels::EraseFill.
enum class Fill { kConstant, kMean, kNoise };
std::span<const std::string_view> enum_names(Fill) {
  static constexpr std::string_view kNames[] = {"constant", "mean", "noise"};
  return kNames;
}

struct RandomErasingOptions {
  double probability = 0.5;
  std::vector<double> scale = {0.02, 0.33};
  std::vector<double> ratio = {0.3, 3.3};
  Fill fill = Fill::kMean;
  double value = 0;
};

void describe(RandomErasingOptions& o, config::Fields& fields) {
  fields("probability", o.probability, "of erasing a box of an image").in(0, 1);
  fields("scale", o.scale, "smallest and largest share of the image's area").above(0).at_most(1);
  fields("ratio", o.ratio, "smallest and largest ratio of height to width").above(0).at_most(1000);
  fields("fill", o.fill,
         "mean: normalize's mean; noise: normal noise for each pixel, of normalize's mean and std; "
         "constant: value");
  fields("value", o.value, "0 to 255, for fill constant").in(0, 255);
}

class RandomErasing : public ImageStep {
 public:
  explicit RandomErasing(const RandomErasingOptions& o)
      : scale_(pair_of(o.scale, "scale", 1)),
        ratio_(pair_of(o.ratio, "ratio", 1000)),
        fill_(static_cast<kernels::EraseFill>(o.fill)),
        value_(static_cast<float>(o.value)),
        probability_(static_cast<float>(o.probability)) {}

  int most_ops() const override { return 0; }

  void append(Size size, RandomStream& random, kernels::Program& program) const override {
    constexpr int kAttempts = 10;
    if (!random.coin(probability_)) return;
    const double area = static_cast<double>(size.width) * size.height;
    const Range log_ratio{std::log(ratio_.low), std::log(ratio_.high)};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const double erased = area * scale_.draw(random);
      const double ratio = std::exp(log_ratio.draw(random));
      const double height = std::nearbyint(std::sqrt(erased * ratio));
      const double width = std::nearbyint(std::sqrt(erased / ratio));
      if (height < 1 || width < 1 || height >= size.height || width >= size.width) continue;
      const auto w = static_cast<int32_t>(width), h = static_cast<int32_t>(height);
      const auto y = static_cast<int32_t>(random.below(static_cast<uint32_t>(size.height - h + 1)));
      const auto x = static_cast<int32_t>(random.below(static_cast<uint32_t>(size.width - w + 1)));
      program.erase = {x, y, w, h, fill_, value_};
      return;
    }
  }

 private:
  static Range pair_of(const std::vector<double>& values, std::string_view option, double most) {
    constexpr double kLeast = 1e-4;
    if (values.size() == 2) return range_of(values, "random_erasing", option, {kLeast, most, 0});
    throw ConfigError(
        fmt::format("augment: random_erasing: {} has {} numbers, expected two, the smaller first.",
                    option, values.size()));
  }

  Range scale_, ratio_;
  kernels::EraseFill fill_;
  float value_;
  float probability_;
};

}  // namespace

StepTable::Row random_erasing_row() {
  return row_of<RandomErasing, RandomErasingOptions>(
      "random_erasing", "a box of the finished image painted over; last in the list");
}

}  // namespace stoker::augment
