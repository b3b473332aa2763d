#include "stoker/monitor/fit.h"

#include <fmt/format.h>

#include <algorithm>

#include "stoker/core/text.h"
#include "stoker/core/units.h"

namespace stoker::monitor {

namespace {

// What train.precision: auto takes on a card.
Arithmetic fastest_of(const GpuSpec& gpu) {
  if (gpu.bf16 > 0) return Arithmetic::kBf16;
  return gpu.fp16 > 0 ? Arithmetic::kFp16 : Arithmetic::kFp32;
}

Fit fit_gpu(const Training& training, const GpuSpec& gpu) {
  const Arithmetic arithmetic = training.arithmetic.value_or(fastest_of(gpu));
  const auto rates = rates_of(gpu, arithmetic);
  if (rates) return fit_device(training, gpu.title, *rates, arithmetic, kReached);
  return {.device = std::string(gpu.title),
          .arithmetic = arithmetic,
          .why_not = fmt::format("has no {}", arithmetic_name(arithmetic))};
}

std::string text_of(double bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

}  // namespace

std::string_view arithmetic_name(Arithmetic arithmetic) {
  static constexpr std::array<std::string_view, 4> names{"fp32", "tf32", "bf16", "fp16"};
  return names[static_cast<size_t>(arithmetic)];
}

Work work_in(const Training& training, Arithmetic arithmetic) {
  Work work = training.work;
  if (arithmetic == Arithmetic::kBf16 || arithmetic == Arithmetic::kFp16) {
    work.bytes_per_image /= 2;
    work.kept_per_image /= 2;
  }
  return work;
}

Fit fit_device(const Training& training, std::string_view device, const Rates& rates,
               Arithmetic arithmetic, const std::array<double, 2>& reached) {
  const Work work = work_in(training, arithmetic);
  Fit fit{.device = std::string(device),
          .arithmetic = arithmetic,
          .rates = rates,
          .estimate = estimate_training(work, rates)};
  if (fit.estimate.microbatch == 0) {
    const int64_t least = work.fixed_bytes + work.smallest_microbatch * work.kept_per_image;
    fit.why_not = fmt::format("needs {} and has {}", text_of(static_cast<double>(least)),
                              text_of(static_cast<double>(rates.memory_bytes)));
    return fit;
  }
  fit.memory_bytes = work.fixed_bytes + fit.estimate.microbatch * work.kept_per_image;
  for (size_t i = 0; i < reached.size(); ++i) {
    fit.images_per_s[i] = reached[i] * fit.estimate.images_per_s;
    // The slowest rate is the longest time.
    fit.run_s[reached.size() - 1 - i] =
        fit.images_per_s[i] > 0 ? work.images / fit.images_per_s[i] : 0;
  }
  if (rates.power_w) {
    fit.kwh = {*rates.power_w * fit.run_s[0] / kJoulesPerKwh,
               *rates.power_w * fit.run_s[1] / kJoulesPerKwh};
  }
  return fit;
}

std::vector<Fit> fit_gpus(const Training& training) {
  std::vector<Fit> fits;
  for (const GpuSpec& gpu : gpu_table()) fits.push_back(fit_gpu(training, gpu));
  std::ranges::stable_sort(fits, [](const Fit& a, const Fit& b) {
    if (a.can_train() != b.can_train()) return a.can_train();
    return a.images_per_s[0] < b.images_per_s[0];
  });
  return fits;
}

}  // namespace stoker::monitor
