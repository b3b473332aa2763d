#include "stoker/kernels/region.h"

#include <algorithm>

#include "stoker/kernels/augment_body.h"

namespace stoker::kernels {
namespace {

struct Span {
  int32_t begin = 0, end = 0;
};

// Grid indices that outputs [0, size) show, borders included; empty if all of it is black.
Span shown(int32_t size, int32_t offset, int32_t grid, Border border) {
  if (offset >= 0 && offset <= grid - size) return {offset, offset + size};
  Span span{grid, 0};
  for (int32_t i = 0; i < size; ++i) {
    const int32_t index = grid_index(i, size, offset, false, grid, border);
    if (index < 0) continue;
    span.begin = std::min(span.begin, index);
    span.end = std::max(span.end, index + 1);
  }
  return span;
}

// Source pixels along one axis; taps move with the grid index, so the outermost ones bound them.
Span read(Span shown, bool copies, float box, float box_size, int32_t source, int32_t grid) {
  if (shown.begin >= shown.end) return {0, 1};
  if (copies) {
    const auto first = static_cast<int32_t>(box);
    return {first + shown.begin, first + shown.end};
  }
  const Taps last = taps_of(box, box_size, source, grid, shown.end - 1);
  return {taps_of(box, box_size, source, grid, shown.begin).first, last.first + last.count};
}

}  // namespace

Region source_region(const Geometry& g, Extent output, Extent source) {
  const bool copies = copies_pixels(g);
  const Span x = read(shown(output.width, g.offset_x, g.grid_w, g.border), copies, g.box_x, g.box_w,
                      source.width, g.grid_w);
  const Span y = read(shown(output.height, g.offset_y, g.grid_h, g.border), copies, g.box_y,
                      g.box_h, source.height, g.grid_h);
  return {x.begin, y.begin, x.end - x.begin, y.end - y.begin};
}

int shrink_of(const Geometry& g) {
  const auto fits = [&g](int scale) {
    const auto s = static_cast<float>(scale);
    return g.box_w >= s * static_cast<float>(g.grid_w) &&
           g.box_h >= s * static_cast<float>(g.grid_h);
  };
  int scale = 1;
  while (scale < 8 && fits(2 * scale)) scale *= 2;
  return scale;
}

Geometry shrunk(Geometry g, int scale) {
  const float factor = 1.0f / static_cast<float>(scale);
  g.box_x *= factor;
  g.box_y *= factor;
  g.box_w *= factor;
  g.box_h *= factor;
  return g;
}

}  // namespace stoker::kernels
