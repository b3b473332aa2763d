#include "stoker/augment/views.h"

#include <array>

namespace stoker::augment {

std::span<const std::string_view> enum_names(Crops) {
  static constexpr std::string_view kNames[] = {"center", "five"};
  return kNames;
}

void describe(ViewOptions& o, config::Fields& fields) {
  fields("flip", o.flip, "average with the prediction of the mirrored image");
  fields("crops", o.crops,
         "five: average over what center_crop cuts from the middle and from the four corners");
  fields("translate", o.translate,
         "pixels: average over the image where it is, moved up and left, and moved down and right, "
         "with its edge mirrored; 0: none")
      .in(0, 64);
}

View view_of(const ViewOptions& options, uint32_t repetition) {
  const uint32_t sides = options.flip ? 2 : 1;
  const auto shifts = static_cast<uint32_t>(options.shifts());
  const std::array<int32_t, 3> shift{0, 1, -1};
  return {.place = options.crops == Crops::kFive
                       ? static_cast<CropPlace>(repetition / (sides * shifts))
                       : CropPlace::kCenter,
          .shift = shift[repetition / sides % shifts] * static_cast<int32_t>(options.translate),
          .mirrored = repetition % sides == 1};
}

}  // namespace stoker::augment
