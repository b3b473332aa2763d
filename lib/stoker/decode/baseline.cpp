#include "stoker/decode/baseline.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "stoker/core/ceil_div.h"
#include "stoker/decode/pixel_rows.h"
#include "stoker/decode/scan_walk.h"

namespace stoker::decode {
namespace {

using kernels::Region;

struct Span {
  int32_t begin = 0, end = 0;
};

// How a frame comes out shrunk. As libjpeg does it, colour at half resolution both ways is taken
// from blocks of twice the luma's side, so that nothing is left to interpolate.
struct Layout {
  int32_t width = 0, height = 0;          // of the pixels that come out
  int32_t mcu_width = 8, mcu_height = 8;  // in these pixels
  std::array<int32_t, 3> sides{};         // of a block, by component
  int32_t widen_x = 1, widen_y = 1;       // what colour lacks in resolution then

  Layout(const JpegFrame& frame, int shrink)
      : width(ceil_div(frame.width, shrink)), height(ceil_div(frame.height, shrink)) {
    const int32_t h = frame.components[0].h, v = frame.components[0].v, side = 8 / shrink;
    const bool is_quarter = shrink > 1 && h == 2 && v == 2;
    sides = {side, is_quarter ? 2 * side : side, is_quarter ? 2 * side : side};
    mcu_width = side * h;
    mcu_height = side * v;
    widen_x = is_quarter ? 1 : h;
    widen_y = is_quarter ? 1 : v;
  }
};

// The MCUs along one axis that hold pixels [begin, end) and the neighbours that colour at half
// resolution is interpolated from.
Span mcus_of(int32_t begin, int32_t end, int32_t side, int32_t mcu, int32_t widen) {
  const int32_t margin = widen > 1 ? widen : 0;
  return {std::max(begin - margin, 0) / mcu, ceil_div(std::min(end + margin, side), mcu)};
}

// The samples of one component around the region.
struct Plane {
  static constexpr int64_t kMargin = 64;  // bytes that may be touched beside and around the rows

  std::vector<uint8_t> memory;
  int64_t row_bytes = 0;
  int32_t x = 0, y = 0;           // of the first sample within the component
  int32_t columns = 0, rows = 0;  // held
  int32_t width = 0, height = 0;  // of the whole component

  // mcu_width, mcu_height: in samples of this component.
  void place(Span mcus_x, Span mcus_y, int32_t mcu_width, int32_t mcu_height) {
    x = mcus_x.begin * mcu_width;
    y = mcus_y.begin * mcu_height;
    columns = (mcus_x.end - mcus_x.begin) * mcu_width;
    rows = (mcus_y.end - mcus_y.begin) * mcu_height;
    row_bytes = columns + kMargin;
    const auto bytes = static_cast<size_t>(row_bytes * rows + 2 * kMargin);
    if (memory.size() < bytes) memory.resize(bytes);
  }
  // Rows beyond the component are its first or last.
  uint8_t* at(int32_t sample_x, int32_t sample_y) {
    const int32_t row = std::clamp(sample_y, 0, height - 1) - y;
    return memory.data() + kMargin + row_bytes * row + (sample_x - x);
  }
  // Beyond the left and right edge too, by one sample.
  void repeat_edges() {
    for (int32_t row = y; row < std::min(y + rows, height); ++row) {
      if (x == 0) *at(-1, row) = *at(0, row);
      if (width <= x + columns) *at(width, row) = *at(width - 1, row);
    }
  }
};

}  // namespace

struct BaselineDecoder::Impl {
  kernels::CpuLevel level;
  const RowMakers& make;
  HuffmanTables tables;
  std::array<Plane, 3> planes;
  std::array<std::vector<uint8_t>, 2> wide;  // a row of each colour at full resolution

  explicit Impl(kernels::CpuLevel cpu_level) : level(cpu_level), make(row_makers(cpu_level)) {}

  const char* set_up(ScanWalk& walk, const JpegFrame& frame, const Layout& layout);
  const char* decode_planes(ScanWalk& walk, const JpegFrame& frame, const Layout& layout,
                            const Region& region);
  const uint8_t* color_row(int component, const Layout& layout, const Region& region, int32_t y);
  void write_row(const JpegFrame& frame, const Layout& layout, const Region& region, int32_t y,
                 uint8_t* out);
};

const char* BaselineDecoder::Impl::set_up(ScanWalk& walk, const JpegFrame& frame,
                                          const Layout& layout) {
  walk.count = frame.count;
  for (size_t i = 0; i < static_cast<size_t>(frame.count); ++i) {
    const JpegFrame::Component& component = frame.components[i];
    ScanComponent& scan = walk.components[i];
    scan.dc = tables.get(component.dc, true);
    scan.ac = tables.get(component.ac, false);
    if (scan.dc == nullptr || scan.ac == nullptr) return "it has an impossible Huffman table";
    scan.scale = component.scale.data();
    scan.h = component.h;
    scan.v = component.v;
    scan.side = layout.sides[i];
    if (scan.side > 1) scan.inverse = inverse_transform(level, scan.side);
  }
  return nullptr;
}

const char* BaselineDecoder::Impl::decode_planes(ScanWalk& walk, const JpegFrame& frame,
                                                 const Layout& layout, const Region& region) {
  const Span columns =
      mcus_of(region.x, region.x + region.width, layout.width, layout.mcu_width, layout.widen_x);
  const Span rows =
      mcus_of(region.y, region.y + region.height, layout.height, layout.mcu_height, layout.widen_y);
  const int64_t per_row = ceil_div(frame.width, 8 * frame.components[0].h);
  for (size_t i = 0; i < static_cast<size_t>(frame.count); ++i) {
    const JpegFrame::Component& component = frame.components[i];
    planes[i].width = i == 0 ? layout.width : ceil_div(layout.width, layout.widen_x);
    planes[i].height = i == 0 ? layout.height : ceil_div(layout.height, layout.widen_y);
    planes[i].place(columns, rows, layout.sides[i] * component.h, layout.sides[i] * component.v);
    walk.components[i].row_bytes = planes[i].row_bytes;
  }
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    for (size_t i = 0; i < static_cast<size_t>(frame.count); ++i)
      walk.components[i].plane =
          planes[i].memory.data() + Plane::kMargin +
          planes[i].row_bytes * (row - rows.begin) * layout.sides[i] * frame.components[i].v;
    if (const char* reason = walk.advance_to(row * per_row + columns.begin)) return reason;
    if (const char* reason = walk.decode(columns.end - columns.begin)) return reason;
  }
  return nullptr;
}

// One row of a colour component over the region's columns, at full resolution.
const uint8_t* BaselineDecoder::Impl::color_row(int component, const Layout& layout,
                                                const Region& region, int32_t y) {
  Plane& plane = planes[static_cast<size_t>(component)];
  std::vector<uint8_t>& memory = wide[static_cast<size_t>(component - 1)];
  const bool half_width = layout.widen_x == 2, half_height = layout.widen_y == 2;
  const int32_t sample_y = half_height ? y / 2 : y;
  const int32_t far_y = y % 2 == 0 ? sample_y - 1 : sample_y + 1;
  const int32_t first = half_width ? region.x / 2 : region.x;
  const uint8_t* near = plane.at(first, sample_y);
  if (!half_width && !half_height) return near;
  const uint8_t* far = plane.at(first, far_y);
  uint8_t* out = memory.data();
  if (!half_width) {
    make.blend_rows(near, far, y % 2 == 0 ? 1 : 2, region.width, out);
    return out;
  }
  const int32_t n = ceil_div(region.x + region.width, 2) - first;
  // libjpeg interpolates along the row from three samples on.
  if (plane.width <= 2) {
    for (int32_t i = 0; i < n; ++i) out[2 * i] = out[2 * i + 1] = near[i];
  } else if (half_height) {
    make.blend_and_widen(near, far, n, out);
  } else {
    make.widen(near, n, out);
  }
  return out + region.x % 2;
}

void BaselineDecoder::Impl::write_row(const JpegFrame& frame, const Layout& layout,
                                      const Region& region, int32_t y, uint8_t* out) {
  const uint8_t* first = planes[0].at(region.x, y);
  if (frame.count == 1) {
    std::memcpy(out, first, static_cast<size_t>(region.width));
    return;
  }
  const uint8_t* second = color_row(1, layout, region, y);
  const uint8_t* third = color_row(2, layout, region, y);
  (frame.is_rgb ? make.interleave : make.to_rgb)(first, second, third, region.width, out);
}

bool BaselineDecoder::can_shrink(const JpegFrame& frame, int shrink) {
  // Blocks of one pixel with colour at half resolution one way: libjpeg does not interpolate there.
  return shrink < 8 || frame.components[0].h == frame.components[0].v;
}

std::optional<BaselineDecoder::Failure> BaselineDecoder::decode(const JpegFrame& frame,
                                                                const Region& region, int shrink,
                                                                uint8_t* pixels) {
  Impl& impl = *impl_;
  const Layout layout(frame, shrink);
  ScanWalk walk(frame.scan, frame.restart_interval, impl.level);
  const char* reason = impl.set_up(walk, frame, layout);
  if (reason == nullptr) reason = impl.decode_planes(walk, frame, layout, region);
  if (reason != nullptr) return Failure{reason, walk.byte()};
  for (std::vector<uint8_t>& row : impl.wide) {
    const auto bytes = static_cast<size_t>(region.width) + Plane::kMargin;
    if (row.size() < bytes) row.resize(bytes);
  }
  if (layout.widen_x == 2)
    for (size_t i = 1; i < 3; ++i) impl.planes[i].repeat_edges();
  for (int32_t y = 0; y < region.height; ++y)
    impl.write_row(frame, layout, region, region.y + y,
                   pixels + int64_t{y} * region.width * frame.count);
  return std::nullopt;
}

BaselineDecoder::BaselineDecoder(kernels::CpuLevel level) : impl_(std::make_unique<Impl>(level)) {}
BaselineDecoder::~BaselineDecoder() = default;
BaselineDecoder::BaselineDecoder(BaselineDecoder&&) noexcept = default;
BaselineDecoder& BaselineDecoder::operator=(BaselineDecoder&&) noexcept = default;

}  // namespace stoker::decode
