#include "stoker/train/metric_names.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stoker::train {

std::span<const EvalMetric> eval_metrics() {
  using Result = metrics::ClassificationResult;
  static constexpr std::array<EvalMetric, 4> list{
      {{"val.loss", &Result::loss, /*lower_is_better=*/true, "loss {:.3f}"},
       {"val.top1", &Result::top1, /*lower_is_better=*/false, "top1 {:.2f}%", 100},
       {"val.top5", &Result::top5, /*lower_is_better=*/false, "top5 {:.2f}%", 100},
       {"val.ece", &Result::ece, /*lower_is_better=*/true}}};
  return list;
}

std::vector<std::string_view> metric_names() {
  std::vector<std::string_view> names;
  for (const EvalMetric& metric : eval_metrics()) names.push_back(metric.name);
  names.push_back(kTrainLoss);
  return names;
}

bool is_better_lower(std::string_view metric) {
  const auto found = std::ranges::find(eval_metrics(), metric, &EvalMetric::name);
  return found == eval_metrics().end() ? metric == kTrainLoss : found->lower_is_better;
}

bool is_better(double a, double b, bool lower_is_better) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return lower_is_better ? a < b : a > b;
}

}  // namespace stoker::train
