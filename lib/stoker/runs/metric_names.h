// The metrics of an evaluation by the names that configs, checkpoints, summaries and sweeps use.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace stoker::runs {

struct MetricName {
  std::string_view name;
  bool lower_is_better = false;  // losses and the calibration error; accuracies are better higher
};
inline constexpr std::array<MetricName, 4> kEvalMetrics{
    {{"val.loss", true}, {"val.top1"}, {"val.top5"}, {"val.ece", true}}};

// Null for a name that is none of them.
constexpr const MetricName* find_metric(std::string_view name) {
  const auto* found = std::ranges::find(kEvalMetrics, name, &MetricName::name);
  return found == kEvalMetrics.end() ? nullptr : found;
}

}  // namespace stoker::runs
