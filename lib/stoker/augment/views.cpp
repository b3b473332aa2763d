#include "stoker/augment/views.h"

namespace stoker::augment {

std::span<const std::string_view> enum_names(Crops) {
  static constexpr std::string_view kNames[] = {"center", "five"};
  return kNames;
}

void describe(ViewOptions& o, config::Fields& fields) {
  fields("flip", o.flip, "average with the prediction of the mirrored image");
  fields("crops", o.crops,
         "five: average over what center_crop cuts from the middle and from the four corners");
}

View view_of(const ViewOptions& options, uint32_t repetition) {
  const uint32_t sides = options.flip ? 2 : 1;
  return {.place = options.crops == Crops::kFive ? static_cast<CropPlace>(repetition / sides)
                                                 : CropPlace::kCenter,
          .mirrored = repetition % sides == 1};
}

}  // namespace stoker::augment
