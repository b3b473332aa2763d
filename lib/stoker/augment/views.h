// Test-time augmentation: the views of one image whose predictions are averaged.
//
// View i of an image is its repetition i (StreamKey::repetition), so that a loader with
// LoaderOptions::repeats = views.count() gives them one after another.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "stoker/config/fields.h"

namespace stoker::augment {

enum class Crops { kCenter, kFive };
std::span<const std::string_view> enum_names(Crops);  // center, five

struct ViewOptions {
  bool flip = false;             // each crop mirrored left and right as well
  Crops crops = Crops::kCenter;  // kFive: the centre and the four corners

  int64_t translate = 0;  // pixels, above 0: also moved so far up and left, down and right

  int64_t shifts() const { return translate > 0 ? 3 : 1; }
  int64_t count() const { return (crops == Crops::kFive ? 5 : 1) * shifts() * (flip ? 2 : 1); }
};
void describe(ViewOptions& options, config::Fields& fields);

// Which part of the image a crop takes.
enum class CropPlace { kCenter, kTopLeft, kTopRight, kBottomLeft, kBottomRight };

struct View {
  CropPlace place = CropPlace::kCenter;
  int32_t shift = 0;  // columns and rows by which the view begins later
  bool mirrored = false;
};
// The centre as it is comes first. repetition: below options.count().
View view_of(const ViewOptions& options, uint32_t repetition);

}  // namespace stoker::augment
