#include "stoker/sweep/metric.h"

#include <algorithm>
#include <array>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/runs/metric_names.h"

namespace stoker::sweep {

bool is_better_lower(std::string_view metric) {
  if (const runs::MetricName* found = runs::find_metric(metric)) return found->lower_is_better;
  std::array<std::string_view, runs::kEvalMetrics.size()> names;
  std::ranges::transform(runs::kEvalMetrics, names.begin(), &runs::MetricName::name);
  throw ConfigError(
      fmt::format("--metric: read \"{}\", expected one of {}.", shown(metric), join(names, ", ")));
}

std::string metric_problem(std::string_view metric, std::string_view task) {
  const runs::MetricName* found = runs::find_metric(metric);
  if (found == nullptr || found->is_of(task == "multilabel")) return "";
  return fmt::format("--metric: {} is not measured with task: {}.", metric, task);
}

}  // namespace stoker::sweep
