#include <fmt/ranges.h>

#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

#include "stoker/inspect/augment_sheet.h"

namespace stoker::inspect {
namespace {

using kernels::Op;
using kernels::OpKind;

std::string_view name_of(OpKind kind) {
  switch (kind) {
    case OpKind::kBrightness:
      return "brightness";
    case OpKind::kSaturation:
      return "saturation";
    case OpKind::kHue:
      return "hue";
    case OpKind::kGrayscale:
      return "grayscale";
    case OpKind::kPosterize:
      return "posterize";
    case OpKind::kSolarize:
      return "solarize";
    case OpKind::kInvert:
      return "invert";
    case OpKind::kGaussianNoise:
      return "noise";
    case OpKind::kSaltAndPepper:
      return "salt";
    case OpKind::kContrast:
      return "contrast";
    case OpKind::kAutocontrast:
      return "autocontrast";
    case OpKind::kEqualize:
      return "equalize";
    case OpKind::kSharpness:
      return "sharpness";
    case OpKind::kGaussianBlur:
      return "blur";
    case OpKind::kWarp:
      break;
  }
  return "warp";
}

// The kind of map, from what it does to directions.
std::string warp_words(const Op& op) {
  if (op.p[6] != 0 || op.p[7] != 0) return "perspective";
  if (op.p[0] == 1 && op.p[4] == 1 && op.p[1] == 0 && op.p[3] == 0)
    return fmt::format("move {} {}", std::lround(-op.p[2]), std::lround(-op.p[5]));
  if (op.p[1] == 0 || op.p[3] == 0)
    return op.p[0] == 1 && op.p[4] == 1 ? fmt::format("shear {:.2f}", op.p[1] + op.p[3]) : "affine";
  const double turn = std::atan2(op.p[1], op.p[0]) * 180 / std::numbers::pi;
  return fmt::format("turn {}", std::lround(turn));
}

bool has_parameter(OpKind kind) {
  return kind != OpKind::kGrayscale && kind != OpKind::kInvert && !kernels::is_measured(kind);
}

std::string words_of(const Op& op) {
  if (op.kind == OpKind::kWarp) return warp_words(op);
  if (has_parameter(op.kind) || op.kind == OpKind::kContrast)
    return fmt::format("{} {:.3g}", name_of(op.kind), op.p[0]);
  return std::string(name_of(op.kind));
}

// Where the image is taken from and which way round.
std::vector<std::string> geometry_words(const kernels::Geometry& g, int32_t width, int32_t height) {
  std::vector<std::string> words;
  const long box_w = std::lround(g.box_w), box_h = std::lround(g.box_h);
  if (box_w != width || box_h != height) words.push_back(fmt::format("box {}x{}", box_w, box_h));
  if (g.offset_x != 0 || g.offset_y != 0)
    words.push_back(fmt::format("at {} {}", g.offset_x, g.offset_y));
  if (g.flip_x) words.emplace_back("mirrored");
  if (g.flip_y) words.emplace_back("upside down");
  return words;
}

}  // namespace

std::string words_of(const augment::Recipe& recipe, int32_t source_width, int32_t source_height) {
  std::vector<std::string> words = geometry_words(recipe.geometry, source_width, source_height);
  for (int32_t i = 0; i < recipe.program.count; ++i)
    words.push_back(words_of(recipe.program.ops[i]));
  if (recipe.program.erase.width > 0) words.emplace_back("erase");
  return words.empty() ? "as it is" : fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace stoker::inspect
