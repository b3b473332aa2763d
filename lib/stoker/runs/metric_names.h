// The metrics of an evaluation by the names that configs, checkpoints, summaries and sweeps use.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace stoker::runs {

// Which runs have it: all, those of one label an image, those of several (`task: multilabel`).
enum class MetricOf { kAll, kOneLabel, kSeveralLabels };

struct MetricName {
  std::string_view name;
  std::string_view unit, what;   // as those of a Column (columns.h)
  bool lower_is_better = false;  // losses and the calibration error; accuracies are better higher
  MetricOf of = MetricOf::kOneLabel;

  constexpr bool is_of(bool is_multilabel) const {
    return of == MetricOf::kAll || (of == MetricOf::kSeveralLabels) == is_multilabel;
  }
};
inline constexpr std::array<MetricName, 7> kEvalMetrics{
    {{"val.loss", "", "mean loss of the evaluation", true, MetricOf::kAll},
     {"val.top1", "share", "images whose first guess is right"},
     {"val.top5", "share", "images with the label among five guesses"},
     {"val.ece", "", "expected calibration error", true},
     {"val.map", "share", "mean average precision of the classes", false, MetricOf::kSeveralLabels},
     {"val.f1_micro", "share", "F1 of all answers together", false, MetricOf::kSeveralLabels},
     {"val.f1_macro", "share", "mean F1 of the classes", false, MetricOf::kSeveralLabels}}};

// Null for a name that is none of them.
constexpr const MetricName* find_metric(std::string_view name) {
  const auto* found = std::ranges::find(kEvalMetrics, name, &MetricName::name);
  return found == kEvalMetrics.end() ? nullptr : found;
}

}  // namespace stoker::runs
