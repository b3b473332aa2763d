#include "stoker/tuning/line_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace stoker::tuning {
namespace {

void check(const Probe& probe) {
  if (probe.microbatch >= 1 && probe.peak_bytes >= 1) return;
  throw UnfitProbes(
      fmt::format("a probe of micro-batch {} read a peak of {} bytes; expected both above 0. The "
                  "device's memory "
                  "statistics may be switched off.",
                  probe.microbatch, probe.peak_bytes));
}

double slope(const Probe& from, const Probe& to) {
  return static_cast<double>(to.peak_bytes - from.peak_bytes) /
         static_cast<double>(to.microbatch - from.microbatch);
}

// By size; of several probes of one size the highest peak.
std::vector<Probe> sorted(std::span<const Probe> probes) {
  std::map<int64_t, int64_t> peaks;
  for (const Probe& probe : probes) {
    check(probe);
    int64_t& peak = peaks[probe.microbatch];
    peak = std::max(peak, probe.peak_bytes);
  }
  std::vector<Probe> result;
  for (const auto& [size, peak] : peaks) result.push_back({size, peak});
  return result;
}

}  // namespace

int64_t Line::at(int64_t microbatch) const {
  const double bytes = base_bytes + bytes_per_image * static_cast<double>(microbatch);
  return std::llround(std::clamp(bytes, 0.0, 0x1p62));
}

Line fit_line(std::span<const Probe> probes) {
  const std::vector<Probe> by_size = sorted(probes);
  if (by_size.size() < 2)
    throw UnfitProbes(
        fmt::format("read the memory of {} probes of one micro-batch; expected at least two "
                    "different sizes. Probe another size.",
                    probes.size()));
  const Probe &before = by_size.end()[-2], &largest = by_size.back();
  Line line{.bytes_per_image = slope(before, largest)};
  if (line.bytes_per_image <= 0)
    throw UnfitProbes(fmt::format(
        "memory does not grow with the micro-batch: {} bytes at {}, {} bytes at {}; expected more "
        "for more images. Probe sizes that lie further apart.",
        before.peak_bytes, before.microbatch, largest.peak_bytes, largest.microbatch));
  line.base_bytes = static_cast<double>(largest.peak_bytes) -
                    line.bytes_per_image * static_cast<double>(largest.microbatch);
  for (const Probe& probe : by_size) {
    const auto measured = static_cast<double>(probe.peak_bytes);
    const double predicted =
        line.base_bytes + line.bytes_per_image * static_cast<double>(probe.microbatch);
    line.residual = std::max(line.residual, std::abs(predicted - measured) / measured);
  }
  return line;
}

bool has_bent(std::span<const Probe> probes) {
  constexpr double kAlike = 0.02;
  const std::vector<Probe> by_size = sorted(probes);
  if (by_size.size() < 3) return false;
  const double before = slope(by_size.end()[-3], by_size.end()[-2]);
  const double last = slope(by_size.end()[-2], by_size.back());
  return std::abs(last - before) > kAlike * std::abs(last);
}

int64_t largest_under(const Line& line, int64_t bytes, int64_t cap) {
  const double images = (static_cast<double>(bytes) - line.base_bytes) / line.bytes_per_image;
  if (!(images >= 0.5)) return 0;
  if (images >= static_cast<double>(cap)) return cap;
  auto largest = std::min(static_cast<int64_t>(images) + 1, cap);
  while (largest > 0 && line.at(largest) > bytes) --largest;  // the division rounds
  return largest;
}

int64_t margin_bytes(int64_t limit_bytes, const Margin& margin) {
  const auto share = static_cast<int64_t>(margin.share * static_cast<double>(limit_bytes));
  return std::min(std::max(share, margin.at_least_bytes), limit_bytes / 4);
}

}  // namespace stoker::tuning
