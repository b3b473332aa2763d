#include "stoker/decode/baseline.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "stoker/decode/pixel_rows.h"
#include "stoker/decode/scan_walk.h"

namespace stoker::decode {
namespace {

using kernels::Region;

struct Span {
  int32_t begin = 0, end = 0;
};

int32_t ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

// The MCUs along one axis that hold pixels [begin, end) and the neighbours that colour at half
// resolution is interpolated from.
Span mcus_of(int32_t begin, int32_t end, int32_t side, int32_t factor) {
  const int32_t margin = factor > 1 ? factor : 0, mcu = 8 * factor;
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

  void place(Span mcus_x, Span mcus_y, int32_t h, int32_t v) {
    x = mcus_x.begin * 8 * h;
    y = mcus_y.begin * 8 * v;
    columns = (mcus_x.end - mcus_x.begin) * 8 * h;
    rows = (mcus_y.end - mcus_y.begin) * 8 * v;
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

  const char* set_up(ScanWalk& walk, const JpegFrame& frame);
  const char* decode_planes(ScanWalk& walk, const JpegFrame& frame, const Region& region);
  const uint8_t* color_row(int component, const JpegFrame& frame, const Region& region, int32_t y);
  void write_row(const JpegFrame& frame, const Region& region, int32_t y, uint8_t* out);
};

const char* BaselineDecoder::Impl::set_up(ScanWalk& walk, const JpegFrame& frame) {
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
  }
  return nullptr;
}

const char* BaselineDecoder::Impl::decode_planes(ScanWalk& walk, const JpegFrame& frame,
                                                 const Region& region) {
  const int32_t h = frame.components[0].h, v = frame.components[0].v;
  const Span columns = mcus_of(region.x, region.x + region.width, frame.width, h);
  const Span rows = mcus_of(region.y, region.y + region.height, frame.height, v);
  const int64_t per_row = ceil_div(frame.width, 8 * h);
  for (size_t i = 0; i < static_cast<size_t>(frame.count); ++i) {
    const JpegFrame::Component& component = frame.components[i];
    planes[i].width = ceil_div(frame.width * component.h, h);
    planes[i].height = ceil_div(frame.height * component.v, v);
    planes[i].place(columns, rows, component.h, component.v);
    walk.components[i].row_bytes = planes[i].row_bytes;
  }
  for (int32_t row = rows.begin; row < rows.end; ++row) {
    for (size_t i = 0; i < static_cast<size_t>(frame.count); ++i)
      walk.components[i].plane =
          planes[i].memory.data() + Plane::kMargin +
          planes[i].row_bytes * (row - rows.begin) * 8 * frame.components[i].v;
    if (const char* reason = walk.advance_to(row * per_row + columns.begin)) return reason;
    if (const char* reason = walk.decode(columns.end - columns.begin)) return reason;
  }
  return nullptr;
}

// One row of a colour component over the region's columns, at full resolution.
const uint8_t* BaselineDecoder::Impl::color_row(int component, const JpegFrame& frame,
                                                const Region& region, int32_t y) {
  Plane& plane = planes[static_cast<size_t>(component)];
  std::vector<uint8_t>& memory = wide[static_cast<size_t>(component - 1)];
  const bool half_width = frame.components[0].h == 2, half_height = frame.components[0].v == 2;
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

void BaselineDecoder::Impl::write_row(const JpegFrame& frame, const Region& region, int32_t y,
                                      uint8_t* out) {
  const uint8_t* first = planes[0].at(region.x, y);
  if (frame.count == 1) {
    std::memcpy(out, first, static_cast<size_t>(region.width));
    return;
  }
  const uint8_t* second = color_row(1, frame, region, y);
  const uint8_t* third = color_row(2, frame, region, y);
  (frame.is_rgb ? make.interleave : make.to_rgb)(first, second, third, region.width, out);
}

std::optional<BaselineDecoder::Failure> BaselineDecoder::decode(const JpegFrame& frame,
                                                                const Region& region,
                                                                uint8_t* pixels) {
  Impl& impl = *impl_;
  ScanWalk walk(frame.scan, frame.restart_interval, impl.level);
  const char* reason = impl.set_up(walk, frame);
  if (reason == nullptr) reason = impl.decode_planes(walk, frame, region);
  if (reason != nullptr) return Failure{reason, walk.byte()};
  for (std::vector<uint8_t>& row : impl.wide) {
    const auto bytes = static_cast<size_t>(region.width) + Plane::kMargin;
    if (row.size() < bytes) row.resize(bytes);
  }
  if (frame.components[0].h == 2)
    for (size_t i = 1; i < 3; ++i) impl.planes[i].repeat_edges();
  for (int32_t y = 0; y < region.height; ++y)
    impl.write_row(frame, region, region.y + y, pixels + int64_t{y} * region.width * frame.count);
  return std::nullopt;
}

BaselineDecoder::BaselineDecoder(kernels::CpuLevel level) : impl_(std::make_unique<Impl>(level)) {}
BaselineDecoder::~BaselineDecoder() = default;
BaselineDecoder::BaselineDecoder(BaselineDecoder&&) noexcept = default;
BaselineDecoder& BaselineDecoder::operator=(BaselineDecoder&&) noexcept = default;

}  // namespace stoker::decode
