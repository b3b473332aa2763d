#include "stoker/augment/flip.h"

#include <limits>

namespace stoker::augment {
namespace {

// Of the draw that holds for all epochs. No epoch comes here, so the stream is its own.
constexpr uint32_t kEveryEpoch = std::numeric_limits<uint32_t>::max();

class Flip : public GeometricStep {
 public:
  explicit Flip(const FlipOptions& options)
      : options_(options), probability_(static_cast<float>(options.probability)) {}

  void look_ahead(Plan&) const override {}

  void apply(Canvas& canvas, RandomStream& random, StreamKey key) const override {
    // Both are always drawn, so that one option does not change what another step draws.
    const bool first = random.coin(probability_);
    const bool second = random.coin(probability_);
    const bool across = options_.horizontal == HorizontalFlip::kAlternating
                            ? alternating(key)
                            : options_.horizontal == HorizontalFlip::kRandom && first;
    if (across) mirror_x(canvas);
    if (options_.vertical == VerticalFlip::kRandom && second) mirror_y(canvas);
  }

 private:
  bool alternating(StreamKey key) const {
    RandomStream once({key.seed, kEveryEpoch, key.sample}, Purpose::kAugment);
    return once.coin(probability_) != (key.epoch % 2 == 1);
  }

  FlipOptions options_;
  float probability_;
};

}  // namespace

std::span<const std::string_view> enum_names(HorizontalFlip) {
  static constexpr std::string_view kNames[] = {"none", "random", "alternating"};
  return kNames;
}

std::span<const std::string_view> enum_names(VerticalFlip) {
  static constexpr std::string_view kNames[] = {"none", "random"};
  return kNames;
}

void describe(FlipOptions& o, config::Fields& fields) {
  fields(
      "horizontal", o.horizontal,
      "left and right: random draws again each epoch, alternating turns every sample each epoch");
  fields("vertical", o.vertical, "top and bottom");
  fields("probability", o.probability, "of a flip; for alternating, in the first epoch").in(0, 1);
}

std::unique_ptr<GeometricStep> build_flip(const FlipOptions& options) {
  return std::make_unique<Flip>(options);
}

}  // namespace stoker::augment
