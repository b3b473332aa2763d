// The metrics of an evaluation by the names that configs, checkpoints, summaries and sweeps use.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace stoker::runs {

struct MetricName {
  std::string_view name;
  std::string_view unit, what;   // as those of a Column (columns.h)
  bool lower_is_better = false;  // losses and the calibration error; accuracies are better higher
};
inline constexpr std::array<MetricName, 4> kEvalMetrics{
    {{"val.loss", "", "mean loss of the evaluation", true},
     {"val.top1", "share", "images whose first guess is right"},
     {"val.top5", "share", "images with the label among five guesses"},
     {"val.ece", "", "expected calibration error", true}}};

// Null for a name that is none of them.
constexpr const MetricName* find_metric(std::string_view name) {
  const auto* found = std::ranges::find(kEvalMetrics, name, &MetricName::name);
  return found == kEvalMetrics.end() ? nullptr : found;
}

}  // namespace stoker::runs
