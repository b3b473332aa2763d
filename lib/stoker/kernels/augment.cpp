#include "stoker/kernels/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/kernels/augment_body.h"
#include "stoker/kernels/region.h"
#include "stoker/kernels/rows.h"

namespace stoker::kernels {
namespace {

// Whether an image of this size goes past the caches: smaller batches are read again from them.
bool streams(const OutputView& output, const RowLoops& loops) {
  constexpr int64_t kLine = 64, kLeast = 64 << 10;
  const int64_t row_bytes = int64_t{output.width} * output.channels * pixel_bytes(output.type);
  return loops.stream_floats != nullptr && output.type == PixelType::kFloat32 &&
         row_bytes % kLine == 0 && row_bytes * output.height >= kLeast &&
         reinterpret_cast<uintptr_t>(output.pixels) % kLine == 0;
}

// Working memory of one thread.
struct Scratch {
  std::vector<uint8_t> bytes;     // an output row in the image's channels
  std::vector<uint8_t> expanded;  // the same in the output's
  std::vector<float> blended;     // source rows blended into one
  std::vector<float> row;         // an output row in the image's channels
  std::vector<float> adapted;     // the same in the output's
  std::vector<Taps> taps;         // by output column
  std::vector<int32_t> first;
  std::vector<float> weights;
  std::vector<float> row_weights;
};

struct Job {
  const ImageView& image;
  const Geometry& geometry;
  const OutputView& output;
  const RowLoops& loops;
  const Pattern& pattern;
  Scratch& scratch;
  int64_t index;
  bool streams;

  int64_t row_values() const { return int64_t{output.width} * output.channels; }
  int type() const { return static_cast<int>(output.type); }
  void* out_row(int32_t y) const {
    return static_cast<std::byte*>(output.pixels) +
           (index * output.height + y) * row_values() * pixel_bytes(output.type);
  }
  int32_t grid_x(int32_t x) const {
    return grid_index(x, output.width, geometry.offset_x, geometry.flip_x, geometry.grid_w,
                      geometry.border);
  }
  int32_t grid_y(int32_t y) const {
    return grid_index(y, output.height, geometry.offset_y, geometry.flip_y, geometry.grid_h,
                      geometry.border);
  }
};

template <class T>
T* at_least(std::vector<T>& memory, int64_t count) {
  if (static_cast<int64_t>(memory.size()) < count) memory.resize(static_cast<size_t>(count));
  return memory.data();
}

Pattern pattern_of(const Normalization& normalization, int32_t channels) {
  Pattern pattern;
  for (int i = 0; i < Pattern::kLength; ++i) {
    pattern.scale[i] = normalization.scale[i % channels];
    pattern.bias[i] = normalization.bias[i % channels];
  }
  return pattern;
}

// An output row in the image's channels becomes one in the output's and is stored.
void store_row(const Job& job, const float* row, int32_t y) {
  const int32_t width = job.output.width;
  if (job.image.channels != job.output.channels) {
    float* adapted = at_least(job.scratch.adapted, job.row_values());
    if (job.image.channels == 1) {
      for (int32_t x = 0; x < width; ++x) std::fill_n(adapted + 3 * x, 3, row[x]);
    } else {
      for (int32_t x = 0; x < width; ++x)
        adapted[x] = luma(row[3 * x], row[3 * x + 1], row[3 * x + 2]);
    }
    row = adapted;
  }
  const auto store = job.streams ? job.loops.stream_floats : job.loops.store_floats[job.type()];
  store(row, job.row_values(), job.pattern, job.out_row(y));
}

void store_row(const Job& job, const uint8_t* row, int32_t y) {
  const int32_t width = job.output.width;
  if (job.image.channels == 3 && job.output.channels == 1) {
    float* floats = at_least(job.scratch.row, int64_t{3} * width);
    std::copy_n(row, int64_t{3} * width, floats);
    return store_row(job, floats, y);
  }
  if (job.image.channels != job.output.channels) {
    uint8_t* expanded = at_least(job.scratch.expanded, job.row_values());
    for (int32_t x = 0; x < width; ++x) std::fill_n(expanded + 3 * x, 3, row[x]);
    row = expanded;
  }
  job.loops.store_bytes[job.type()](row, job.row_values(), job.pattern, job.out_row(y));
}

// Pixels of one source row in output order: border, interior, border.
template <int kChannels>
class RowCopy {
 public:
  explicit RowCopy(const Job& job) : job_(job), width_(job.output.width) {
    const Geometry& g = job.geometry;
    // The columns, unflipped, whose grid index lies within the grid.
    const int32_t begin = std::clamp(-g.offset_x, 0, width_);
    const int32_t end = std::clamp(g.grid_w - g.offset_x, begin, width_);
    begin_ = g.flip_x ? width_ - end : begin;
    end_ = g.flip_x ? width_ - begin : end;
    buffer_ = at_least(job.scratch.bytes, int64_t{width_} * kChannels + 1);
  }

  // source: a row of the image.
  const uint8_t* operator()(const uint8_t* source) const {
    if (begin_ == 0 && end_ == width_ && !job_.geometry.flip_x)
      return source + column(job_.geometry.offset_x);
    copy_edge(source, 0, begin_);
    if (begin_ < end_) copy_interior(source);
    copy_edge(source, end_, width_);
    return buffer_;
  }

  const uint8_t* black() const {
    std::fill_n(buffer_, width_ * kChannels, uint8_t{0});
    return buffer_;
  }

 private:
  // Of a grid column, in bytes from the row's start.
  int64_t column(int32_t grid_x) const {
    const int64_t source_x = static_cast<int64_t>(job_.geometry.box_x) + grid_x;
    return (source_x - job_.image.x) * kChannels;
  }

  void copy_edge(const uint8_t* source, int32_t from, int32_t to) const {
    for (int32_t x = from; x < to; ++x) {
      const int32_t grid_x = job_.grid_x(x);
      for (int c = 0; c < kChannels; ++c)
        buffer_[x * kChannels + c] = grid_x < 0 ? 0 : source[column(grid_x) + c];
    }
  }

  void copy_interior(const uint8_t* source) const {
    const int32_t count = end_ - begin_;
    uint8_t* out = buffer_ + begin_ * kChannels;
    if (!job_.geometry.flip_x) {
      std::memcpy(out, source + column(job_.grid_x(begin_)),
                  static_cast<size_t>(count) * kChannels);
      return;
    }
    const uint8_t* in = source + column(job_.grid_x(begin_));
    for (int32_t i = 0; i < count; ++i, in -= kChannels)
      for (int c = 0; c < kChannels; ++c) *out++ = in[c];
  }

  const Job& job_;
  int32_t width_;
  int32_t begin_ = 0, end_ = 0;  // output columns of the interior
  uint8_t* buffer_ = nullptr;
};

template <int kChannels>
void copy(const Job& job) {
  const RowCopy<kChannels> row_copy(job);
  for (int32_t y = 0; y < job.output.height; ++y) {
    const int32_t grid_y = job.grid_y(y);
    const int32_t source_y = static_cast<int32_t>(job.geometry.box_y) + grid_y;
    store_row(job, grid_y < 0 ? row_copy.black() : row_copy(job.image.at(job.image.x, source_y)),
              y);
  }
}

// The taps of all output columns as a table with the same number of taps in each.
struct Columns {
  int32_t begin = 0, end = 0;  // source columns that any tap reads
  int32_t taps = 1;
  const int32_t* first = nullptr;  // relative to begin
  const float* weights = nullptr;
};

Columns columns_of(const Job& job) {
  const Geometry& g = job.geometry;
  const int32_t width = job.output.width;
  Taps* all = at_least(job.scratch.taps, width);
  Columns columns{job.image.source_width(), 0, 1, nullptr, nullptr};
  for (int32_t x = 0; x < width; ++x) {
    const int32_t grid_x = job.grid_x(x);
    all[x] =
        grid_x < 0 ? Taps{} : taps_of(g.box_x, g.box_w, job.image.source_width(), g.grid_w, grid_x);
    if (all[x].count == 0) continue;  // black
    columns.begin = std::min(columns.begin, all[x].first);
    columns.end = std::max(columns.end, all[x].first + all[x].count);
    columns.taps = std::max(columns.taps, all[x].count);
  }
  if (columns.begin > columns.end) columns.begin = columns.end = 0;  // every column is black
  int32_t* first = at_least(job.scratch.first, width);
  float* weights = at_least(job.scratch.weights, int64_t{width} * columns.taps);
  for (int32_t x = 0; x < width; ++x) {
    first[x] = all[x].count == 0 ? 0 : all[x].first - columns.begin;
    for (int32_t tap = 0; tap < columns.taps; ++tap)
      weights[int64_t{x} * columns.taps + tap] = tap < all[x].count ? all[x].weight(tap) : 0.0f;
  }
  columns.first = first;
  columns.weights = weights;
  return columns;
}

// Down first: its loop runs along contiguous values, and it leaves fewer rows for the other.
void resample(const Job& job) {
  const Geometry& g = job.geometry;
  const int32_t channels = job.image.channels;
  const Columns columns = columns_of(job);
  const int64_t n = int64_t{columns.end - columns.begin} * channels;
  const int64_t spare = int64_t{columns.taps} * channels + kRowPadding;
  float* blended = at_least(job.scratch.blended, n + spare);
  std::fill_n(blended + n, spare, 0.0f);  // read with weight zero, so it must be finite
  const int64_t row_values = int64_t{job.output.width} * channels;
  float* row = at_least(job.scratch.row, row_values + kRowPadding);
  for (int32_t y = 0; y < job.output.height; ++y) {
    const int32_t grid_y = job.grid_y(y);
    if (grid_y < 0 || n == 0) {
      std::fill_n(row, row_values, 0.0f);
    } else {
      const Taps taps = taps_of(g.box_y, g.box_h, job.image.source_height(), g.grid_h, grid_y);
      float* weights = at_least(job.scratch.row_weights, taps.count);
      for (int32_t tap = 0; tap < taps.count; ++tap) weights[tap] = taps.weight(tap);
      const uint8_t* in = job.image.at(columns.begin, taps.first);
      job.loops.blend_rows(in, job.image.row_bytes, weights, taps.count, n, blended);
      job.loops.resample_row[channels - 1](blended, columns.first, columns.weights, columns.taps,
                                           job.output.width, row);
    }
    store_row(job, row, y);
  }
}

}  // namespace

void check_augment(const ImageView& image, const Geometry& g, const OutputView& output) {
  const auto valid_channels = [](int32_t channels) { return channels == 1 || channels == 3; };
  STOKER_CHECK(image.width > 0 && image.height > 0 && valid_channels(image.channels) &&
                   image.row_bytes >= int64_t{image.width} * image.channels,
               "image width={} height={} channels={} row_bytes={}", image.width, image.height,
               image.channels, image.row_bytes);
  STOKER_CHECK(output.width > 0 && output.height > 0 && valid_channels(output.channels),
               "output width={} height={} channels={}", output.width, output.height,
               output.channels);
  const int32_t width = image.source_width(), height = image.source_height();
  // Half a pixel of rounding is allowed at the far end: taps are held within the image.
  const bool inside = g.box_w > 0 && g.box_h > 0 && g.box_x >= 0 && g.box_y >= 0 &&
                      g.box_x < static_cast<float>(width) && g.box_y < static_cast<float>(height) &&
                      g.box_x + g.box_w < static_cast<float>(width) + 0.5f &&
                      g.box_y + g.box_h < static_cast<float>(height) + 0.5f;
  STOKER_CHECK(inside, "box x={} y={} w={} h={} in an image of {}x{}", g.box_x, g.box_y, g.box_w,
               g.box_h, width, height);
  constexpr int32_t kLimit = 1 << 28;  // sums of them stay within 32 bits
  STOKER_CHECK(g.grid_w > 0 && g.grid_h > 0 && g.grid_w < kLimit && g.grid_h < kLimit &&
                   std::abs(g.offset_x) < kLimit && std::abs(g.offset_y) < kLimit,
               "grid w={} h={} offset x={} y={}", g.grid_w, g.grid_h, g.offset_x, g.offset_y);
  if (image.whole_width == 0 && image.whole_height == 0) return;
  const Region needed = source_region(g, {output.width, output.height}, {width, height});
  STOKER_CHECK(image.x <= needed.x && image.y <= needed.y &&
                   image.x + image.width >= needed.x + needed.width &&
                   image.y + image.height >= needed.y + needed.height,
               "a part {} {} {}x{} of an image, needed {} {} {}x{}", image.x, image.y, image.width,
               image.height, needed.x, needed.y, needed.width, needed.height);
}

void augment(const ImageView& image, const Geometry& geometry, const Normalization& normalization,
             const OutputView& output, int64_t index, CpuLevel level) {
  check_augment(image, geometry, output);
  thread_local Scratch scratch;
  const Pattern pattern = pattern_of(normalization, output.channels);
  const RowLoops& loops = row_loops(level);
  const Job job{image, geometry, output, loops, pattern, scratch, index, streams(output, loops)};
  if (!copies_pixels(geometry))
    resample(job);
  else if (image.channels == 1)
    copy<1>(job);
  else
    copy<3>(job);
  if (job.streams) loops.finish_streams();
}

}  // namespace stoker::kernels
