#include "stoker/monitor/roofline.h"

#include <algorithm>

#include "stoker/core/ceil_div.h"

namespace stoker::monitor {

Estimate estimate_training(const Work& work, const Rates& rates) {
  constexpr double kForTensors = 0.9;
  Estimate estimate;
  const double room =
      kForTensors * static_cast<double>(rates.memory_bytes) - static_cast<double>(work.fixed_bytes);
  const double kept = std::max<double>(1, static_cast<double>(work.kept_per_image));
  // A batch is cut into so many equal parts; each fits where the first does.
  for (int64_t parts = 1; parts <= work.batch_size; parts *= 2) {
    const int64_t microbatch = ceil_div(work.batch_size, parts);
    if (microbatch < work.smallest_microbatch) break;
    if (static_cast<double>(microbatch) * kept > room) continue;
    estimate.microbatch = microbatch;
    break;
  }
  if (estimate.microbatch == 0 || rates.flops_per_s <= 0 || rates.bytes_per_s <= 0) return estimate;
  const double computing_s = work.flops_per_image / rates.flops_per_s;
  const double moving_s =
      (work.bytes_per_image + work.bytes_per_step / static_cast<double>(work.batch_size)) /
      rates.bytes_per_s;
  const double starting_s = rates.operator_s * static_cast<double>(work.operators_per_pass) /
                            static_cast<double>(estimate.microbatch);
  estimate.is_bound_by_host = starting_s > std::max(computing_s, moving_s);
  estimate.is_bound_by_memory = !estimate.is_bound_by_host && moving_s > computing_s;
  const double image_s = std::max({computing_s, moving_s, starting_s});
  if (image_s > 0) estimate.images_per_s = 1 / image_s;
  return estimate;
}

std::optional<Rates> rates_of(const GpuSpec& gpu, Arithmetic arithmetic) {
  const auto peak = gpu.peak_tflops(arithmetic);
  if (!peak) return std::nullopt;
  return Rates{.flops_per_s = 1e12 * *peak,
               .bytes_per_s = 1e9 * gpu.bandwidth_gb_s,
               .memory_bytes = static_cast<int64_t>(1e9 * gpu.memory_gb),
               .power_w = gpu.power_w,
               .operator_s = kOperator_s};
}

}  // namespace stoker::monitor
