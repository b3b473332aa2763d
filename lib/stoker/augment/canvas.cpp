#include "stoker/augment/canvas.h"

#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

// One axis of a geometry.
struct Axis {
  float& box;
  float& box_size;
  int32_t& grid;
  int32_t& offset;
  bool flip;
  int32_t& shown;  // width or height of the canvas

  // Where [at, at + size) of the canvas begins in the grid.
  int32_t in_grid(int32_t at, int32_t size) const {
    return offset + (flip ? shown - at - size : at);
  }
};

Axis across(Canvas& c) {
  auto& g = c.geometry;
  return {g.box_x, g.box_w, g.grid_w, g.offset_x, g.flip_x, c.width};
}

Axis down(Canvas& c) {
  auto& g = c.geometry;
  return {g.box_y, g.box_h, g.grid_h, g.offset_y, g.flip_y, c.height};
}

void crop(Axis axis, int32_t at, int32_t size) {
  axis.offset = axis.in_grid(at, size);
  axis.shown = size;
}

void resample(Axis axis, int32_t at, int32_t size, int32_t new_size) {
  const int32_t first = axis.in_grid(at, size);
  const double pixel = static_cast<double>(axis.box_size) / axis.grid;
  axis.box = static_cast<float>(axis.box + first * pixel);
  axis.box_size = static_cast<float>(size * pixel);
  axis.grid = new_size;
  axis.offset = 0;
  axis.shown = new_size;
}

bool shows_border(const Axis& axis) {
  return axis.offset < 0 || axis.offset + axis.shown > axis.grid;
}

}  // namespace

Canvas canvas_of(int32_t source_width, int32_t source_height) {
  STOKER_CHECK(source_width > 0 && source_height > 0, "source of {}x{}", source_width,
               source_height);
  kernels::Geometry g;
  g.box_w = static_cast<float>(source_width);
  g.box_h = static_cast<float>(source_height);
  g.grid_w = source_width;
  g.grid_h = source_height;
  return {source_width, source_height, g};
}

void crop(Canvas& canvas, const Rectangle& part) {
  crop(across(canvas), part.x, part.width);
  crop(down(canvas), part.y, part.height);
}

void resample(Canvas& canvas, const Rectangle& part, Size size) {
  STOKER_CHECK(part.x >= 0 && part.y >= 0 && part.width > 0 && part.height > 0 &&
                   part.x + part.width <= canvas.width && part.y + part.height <= canvas.height,
               "part {} {} {}x{} of a canvas of {}x{}", part.x, part.y, part.width, part.height,
               canvas.width, canvas.height);
  if (shows_border(across(canvas)) || shows_border(down(canvas)))
    throw DataError(fmt::format(
        "the image is smaller than an earlier crop to {}x{}, and what was padded cannot be resized "
        "in one pass; put the resize before the crop",
        canvas.width, canvas.height));
  resample(across(canvas), part.x, part.width, size.width);
  resample(down(canvas), part.y, part.height, size.height);
}

void mirror_x(Canvas& canvas) { canvas.geometry.flip_x = !canvas.geometry.flip_x; }
void mirror_y(Canvas& canvas) { canvas.geometry.flip_y = !canvas.geometry.flip_y; }

void settle(Canvas& canvas) {
  resample(canvas, {0, 0, canvas.width, canvas.height}, {canvas.width, canvas.height});
}

}  // namespace stoker::augment
