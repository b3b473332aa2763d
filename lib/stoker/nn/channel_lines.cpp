#include "stoker/nn/channel_lines.h"

#include <ATen/TracerMode.h>

#include "stoker/core/ceil_div.h"

namespace stoker::nn {
namespace {
constexpr int64_t kWideEnough = 192;  // values a line, so that few are left of a vector
constexpr int64_t kChunkValues = int64_t{1} << 16;  // below it a thread costs more than it gives
constexpr int64_t kMostChunks = 64;                 // bounds the memory of sums by chunk
}  // namespace

bool suits_channel_loops(const at::Tensor& x) {
  return x.device().is_cpu() && x.dim() == 4 && x.numel() > 0 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         !at::tracer::impl::is_dispatch_enabled();
}

ChannelLines ChannelLines::of(const at::Tensor& x) {
  ChannelLines l;
  l.channels = x.size(1);
  l.pixels = x.size(0) * x.size(2) * x.size(3);
  l.repeat = std::clamp(kWideEnough / l.channels, int64_t{1}, l.pixels);
  l.lines = l.pixels / l.repeat;
  l.lines_per_chunk = std::max(ceil_div(l.lines, kMostChunks), ceil_div(kChunkValues, l.width()));
  l.chunks = ceil_div(l.lines, l.lines_per_chunk);
  return l;
}

}  // namespace stoker::nn
