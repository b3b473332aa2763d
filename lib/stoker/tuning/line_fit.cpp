#include "stoker/tuning/line_fit.h"

#include <algorithm>
#include <cmath>

namespace stoker::tuning {
namespace {

void check(const Probe& probe) {
  if (probe.microbatch >= 1 && probe.peak_bytes >= 1 && std::isfinite(probe.weight) &&
      probe.weight > 0)
    return;
  throw UnfitProbes(fmt::format(
      "a probe of micro-batch {} read a peak of {} bytes (weight {}); expected all above 0. The "
      "device's memory statistics may be switched off.",
      probe.microbatch, probe.peak_bytes, probe.weight));
}

}  // namespace

int64_t Line::at(int64_t microbatch) const {
  const double bytes = base_bytes + bytes_per_image * static_cast<double>(microbatch);
  return std::llround(std::clamp(bytes, 0.0, 0x1p62));
}

Line fit_line(std::span<const Probe> probes) {
  double weights = 0, mean_x = 0, mean_y = 0;
  for (const Probe& probe : probes) {
    check(probe);
    weights += probe.weight;
    mean_x += probe.weight * static_cast<double>(probe.microbatch);
    mean_y += probe.weight * static_cast<double>(probe.peak_bytes);
  }
  mean_x /= weights, mean_y /= weights;
  double xx = 0, xy = 0;
  for (const Probe& probe : probes) {
    const double x = static_cast<double>(probe.microbatch) - mean_x;
    xx += probe.weight * x * x;
    xy += probe.weight * x * (static_cast<double>(probe.peak_bytes) - mean_y);
  }
  if (probes.size() < 2 || xx == 0)
    throw UnfitProbes(
        fmt::format("read the memory of {} probes of one micro-batch; expected at least two "
                    "different sizes. Probe another size.",
                    probes.size()));
  Line line{.base_bytes = mean_y - xy / xx * mean_x, .bytes_per_image = xy / xx};
  if (line.bytes_per_image <= 0)
    throw UnfitProbes(fmt::format(
        "memory does not grow with the micro-batch: {} bytes at {}, {} bytes at {}; expected more "
        "for more images. Probe sizes that lie further apart.",
        probes.front().peak_bytes, probes.front().microbatch, probes.back().peak_bytes,
        probes.back().microbatch));
  for (const Probe& probe : probes) {
    const auto measured = static_cast<double>(probe.peak_bytes);
    const double predicted =
        line.base_bytes + line.bytes_per_image * static_cast<double>(probe.microbatch);
    line.residual = std::max(line.residual, std::abs(predicted - measured) / measured);
  }
  return line;
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
