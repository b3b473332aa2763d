// The metrics of a run by the names that configs, checkpoints and summaries use, and which of two
// values is better.
//
//   val.loss val.top1 val.top5 val.ece   of the newest evaluation
//   train.loss                           of the newest log line
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/metrics/classification.h"

namespace stoker::train {

// A metric of an evaluation: a row here is logged, drawn, summarised and can be monitored.
struct EvalMetric {
  std::string_view name;
  double metrics::ClassificationResult::*value;
  std::string_view console = {};  // how the console shows it: "loss {:.3f}"; empty: not at all
  double console_factor = 1;      // times the value
  // "top1" of "val.top1", as in the lines of metrics.jsonl, which have the split beside it.
  std::string_view key() const { return name.substr(name.find('.') + 1); }
};
std::span<const EvalMetric> eval_metrics();
inline constexpr std::string_view kTrainLoss = "train.loss";
// All of them, the training loss too.
std::vector<std::string_view> metric_names();

// Losses and the calibration error are better lower, accuracies higher.
bool is_better_lower(std::string_view metric);
// Whether `a` is better than `b`; a number is better than none (NaN).
bool is_better(double a, double b, bool lower_is_better);

}  // namespace stoker::train
