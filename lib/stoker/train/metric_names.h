// The metrics of a run by the names that configs, checkpoints and summaries use, and which of two
// values is better.
//
//   val.loss                             of the newest evaluation
//   val.top1 val.top5 val.ece            where images have one label
//   val.map val.f1_micro val.f1_macro    where they have several
//   train.loss                           of the newest log line
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/metrics/classification.h"
#include "stoker/runs/metric_names.h"

namespace stoker::train {

// A metric of an evaluation: a row here is logged, drawn, summarised and can be monitored.
struct EvalMetric {
  std::string_view name;
  double metrics::ClassificationResult::*value;
  std::string_view console = {};  // how the console shows it: "loss {:.3f}"; empty: not at all
  double console_factor = 1;      // times the value
  // "top1" of "val.top1", as in the lines of metrics.jsonl, which have the split beside it.
  std::string_view key() const { return name.substr(name.find('.') + 1); }
  // Whether an evaluation with one label an image, or with several, has it.
  bool is_of(bool is_multilabel) const { return runs::find_metric(name)->is_of(is_multilabel); }
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
