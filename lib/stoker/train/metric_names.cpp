#include "stoker/train/metric_names.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stoker::train {

std::span<const EvalMetric> eval_metrics() {
  using Result = metrics::ClassificationResult;
  static constexpr std::array<EvalMetric, 7> list{
      {{"val.loss", &Result::loss, "loss {:.3f}"},
       {"val.top1", &Result::top1, "top1 {:.2f}%", 100},
       {"val.top5", &Result::top5, "top5 {:.2f}%", 100},
       {"val.ece", &Result::ece},
       {"val.map", &Result::map, "mAP {:.2f}%", 100},
       {"val.f1_micro", &Result::f1_micro, "F1 {:.2f}%", 100},
       {"val.f1_macro", &Result::f1_macro}}};
  static_assert(list.size() == runs::kEvalMetrics.size() &&
                std::ranges::all_of(list, [](const EvalMetric& metric) {
                  return runs::find_metric(metric.name) != nullptr;
                }));
  return list;
}

std::vector<std::string_view> metric_names() {
  std::vector<std::string_view> names;
  for (const EvalMetric& metric : eval_metrics()) names.push_back(metric.name);
  names.push_back(kTrainLoss);
  return names;
}

bool is_better_lower(std::string_view metric) {
  const runs::MetricName* found = runs::find_metric(metric);
  return found == nullptr ? metric == kTrainLoss : found->lower_is_better;
}

bool is_better(double a, double b, bool lower_is_better) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return lower_is_better ? a < b : a > b;
}

}  // namespace stoker::train
