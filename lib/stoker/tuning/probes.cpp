#include "stoker/tuning/probes.h"

#include <algorithm>

#include "stoker/core/ceil_div.h"
#include "stoker/core/error.h"

namespace stoker::tuning {
namespace {

constexpr size_t kProbes = 3, kMostProbes = 6;
// Times the last probe; a line leads no further. Of airbench on two cores another sum leads from
// 128 images on: from 16 and 32 a step of 256 was predicted at 0.88 of its memory, from 64 and 128
// at 0.97.
constexpr int64_t kFarthest = 4;
constexpr int64_t kGrowth = 4, kSmallGrowth = 2;

// The largest size that the probes so far say stays below `bytes`.
int64_t surely_under(std::span<const Probe> probes, int64_t bytes, int64_t cap) {
  const Probe& last = probes.back();
  const double each = static_cast<double>(last.peak_bytes) / static_cast<double>(last.microbatch);
  const Line proportional{.bytes_per_image = each};
  if (probes.size() < 2) return largest_under(proportional, bytes, cap);
  try {
    return largest_under(fit_line(probes), bytes, cap);
  } catch (const UnfitProbes&) {  // two small sizes that take alike much
    return largest_under(proportional, bytes, cap);
  }
}

}  // namespace

std::optional<int64_t> next_memory_probe(std::span<const Probe> probes, const SizeRange& range,
                                         int64_t limit_bytes, double share) {
  STOKER_CHECK(range.smallest >= 1 && range.smallest <= range.largest, "{} to {}", range.smallest,
               range.largest);
  if (probes.empty()) return range.smallest;
  const int64_t last = probes.back().microbatch;
  if (probes.size() >= kMostProbes) return std::nullopt;
  const bool is_far = surely_under(probes, limit_bytes, range.largest) / kFarthest > last;
  if (probes.size() >= kProbes && !is_far && !has_bent(probes)) return std::nullopt;
  const auto bytes = static_cast<int64_t>(share * static_cast<double>(limit_bytes));
  const int64_t factor = probes.size() < kProbes || is_far ? kGrowth : kSmallGrowth;
  const int64_t growth = last > range.largest / factor ? range.largest : last * factor;
  const int64_t next = std::min(growth, surely_under(probes, bytes, range.largest));
  if (next <= last) return std::nullopt;
  return next;
}

std::vector<int64_t> sizes_to_time(const SizeRange& range) {
  STOKER_CHECK(range.smallest >= 1 && range.smallest <= range.largest, "{} to {}", range.smallest,
               range.largest);
  std::vector<int64_t> sizes{range.smallest};
  for (int64_t power = 1; power < range.largest && power <= (int64_t{1} << 61); power *= 2)
    if (power > range.smallest) sizes.push_back(power);
  if (range.largest > range.smallest) sizes.push_back(range.largest);
  return sizes;
}

std::vector<int64_t> sizes_of_steps(std::span<const int64_t> sizes, int64_t batch) {
  std::vector<int64_t> even;
  for (const int64_t size : sizes)
    even.push_back(size < batch ? ceil_div(batch, ceil_div(batch, size)) : size);
  std::ranges::sort(even);
  even.erase(std::ranges::unique(even).begin(), even.end());
  return even;
}

std::vector<int64_t> sizes_near_knee(std::span<const int64_t> timed, int64_t knee) {
  int64_t below = 0;
  for (const int64_t size : timed)
    if (size < knee) below = std::max(below, size);
  std::vector<int64_t> sizes;
  if (below == 0) return sizes;
  for (const int64_t quarters : {2, 3}) {
    const int64_t size = below + (knee - below) * quarters / 4;
    if (size > below && size < knee && (sizes.empty() || sizes.back() != size))
      sizes.push_back(size);
  }
  return sizes;
}

}  // namespace stoker::tuning
