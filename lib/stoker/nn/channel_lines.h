// How the loops of kernels/channels.h go over a batch: lines of one pixel or more, in chunks for
// threads.
//
//   const ChannelLines lines = ChannelLines::of(x);
//   lines.for_each_chunk([&](int64_t chunk, int64_t at, int64_t count, int64_t width) {
//     loops.map[gate](x + at, count, width, map, out + at);
//   });
//
// The chunks depend on the shape alone, so sums that are kept by chunk and added in order are the
// same whatever the number of threads.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>

namespace stoker::nn {

// True where the loops can take x: [N, C, H, W] float32 or bfloat16 in channels_last on the CPU, of
// at least one value, and no trace is being recorded, which sees only LibTorch's own operators.
bool suits_channel_loops(const at::Tensor& x);

struct ChannelLines {
  int64_t pixels = 0, channels = 0;
  int64_t repeat = 1;  // pixels a line
  int64_t lines = 0;   // whole ones; what is left makes one shorter line
  int64_t lines_per_chunk = 1, chunks = 1;

  static ChannelLines of(const at::Tensor& x);
  int64_t width() const { return channels * repeat; }

  // body(chunk, first value, lines, width of a line), once or twice a chunk, chunks in parallel.
  template <class Body>
  void for_each_chunk(const Body& body) const {
    at::parallel_for(0, chunks, 1, [&](int64_t first, int64_t last) {
      for (int64_t chunk = first; chunk < last; ++chunk) {
        const int64_t begin = chunk * lines_per_chunk;
        const int64_t end = std::min(lines, begin + lines_per_chunk);
        if (end > begin) body(chunk, begin * width(), end - begin, width());
        const int64_t rest = pixels - lines * repeat;
        if (chunk == chunks - 1 && rest > 0) body(chunk, lines * width(), 1, rest * channels);
      }
    });
  }
};

}  // namespace stoker::nn
