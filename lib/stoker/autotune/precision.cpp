#include "stoker/autotune/precision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stoker/autotune/first_steps.h"
#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/machine/device.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/run/session.h"
#include "stoker/tuning/knee.h"

namespace stoker::autotune {

using train::Precision;

namespace {

double median(const std::vector<double>& values) { return tuning::median_interval(values).median; }

// Adds what its steps took to `seconds_per_image`. Where they are too slow for it to be the
// fastest, it gives up: an arithmetic that the device lacks can take minutes for what others do in
// seconds.
PrecisionResult measure(run::RunConfig config, const PrecisionResult& which, int64_t count,
                        double fastest_seconds, std::vector<double>& seconds_per_image) {
  constexpr double kHopeless = 3;
  config.train.precision = which.precision;
  config.train.channels_last = which.channels_last;
  run::Session session = run::build_session(config);
  ops::return_cached(session.device);
  ops::reset_peak(session.device);
  FirstSteps steps(session, session.schedule);
  const int64_t compared = count - count / 2;  // of the second half
  double loss_sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const Stopwatch watch;
    const train::StepRecord record = steps.next();  // its loss has waited for the device
    const double time_s = watch.elapsed_s() - record.data_wait_s;
    if (i > 0) seconds_per_image.push_back(time_s / static_cast<double>(record.images));
    if (i >= count / 2) loss_sum += record.loss;
    if (i >= 2 && i + 1 < count && median(seconds_per_image) > kHopeless * fastest_seconds) {
      PrecisionResult given_up = which;
      given_up.peak_bytes = ops::device_memory(session.device).peak_bytes;
      given_up.loss = std::nan("");
      given_up.is_refused = true;
      given_up.reason = fmt::format("given up after {} steps: {:.1f} times slower than the fastest",
                                    i + 1, median(seconds_per_image) / fastest_seconds);
      return given_up;
    }
  }
  PrecisionResult result = which;
  result.peak_bytes = ops::device_memory(session.device).peak_bytes;
  result.loss = loss_sum / static_cast<double>(compared);
  return result;
}

void judge(PrecisionResult& result, const PrecisionResult& reference, double tolerance) {
  if (result.is_refused) return;  // given up
  const double departure = std::abs(result.loss - reference.loss);
  result.is_refused = !(departure <= tolerance * std::abs(reference.loss));
  if (!result.is_refused) return;
  result.reason =
      fmt::format("refused: its loss of {:.4g} departs from fp32's {:.4g} by more than {:.0f} %",
                  result.loss, reference.loss, 100 * tolerance);
}

std::vector<Precision> known_to(c10::Device device) {
  if (device.is_cpu()) return {Precision::kFp32, Precision::kBf16};
  return {Precision::kFp32, Precision::kTf32, Precision::kBf16, Precision::kFp16};
}

}  // namespace

std::vector<PrecisionResult> compare_precisions(const run::RunConfig& config,
                                                const PrecisionOptions& options) {
  STOKER_CHECK(options.steps >= 2, "steps={}", options.steps);
  std::vector<PrecisionResult> results;
  for (const bool channels_last : {config.train.channels_last, !config.train.channels_last})
    for (const Precision precision : known_to(machine::pick_device(config.device)))
      results.push_back({.precision = precision, .channels_last = channels_last});
  std::vector<std::vector<double>> seconds_per_image(results.size());
  const auto measure_one = [&](size_t i) {
    if (results[i].is_refused) return;
    double fastest_seconds = std::numeric_limits<double>::infinity();
    for (const std::vector<double>& seconds : seconds_per_image)
      if (i > 0 && !seconds.empty()) fastest_seconds = std::min(fastest_seconds, median(seconds));
    if (options.say) {
      options.say(fmt::format("{} steps in {}, {}", options.steps,
                              train::to_string(results[i].precision),
                              results[i].channels_last ? "channels_last" : "channels first"));
    }
    results[i] = measure(config, results[i], options.steps, fastest_seconds, seconds_per_image[i]);
  };
  // There and back, so that a machine that slows down slows all of them.
  for (size_t i = 0; i < results.size(); ++i) measure_one(i);
  for (size_t i = results.size(); i-- > 0;) measure_one(i);
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].images_per_s = 1 / median(seconds_per_image[i]);
    judge(results[i], results.front(), options.tolerance);
  }
  return results;
}

size_t fastest(const std::vector<PrecisionResult>& results) {
  size_t best = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].is_refused && results[i].images_per_s > results[best].images_per_s) best = i;
  }
  return best;
}

}  // namespace stoker::autotune
