#include "stoker/sweep/metric.h"

#include <algorithm>
#include <array>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"

namespace stoker::sweep {

namespace {

struct Metric {
  std::string_view name;
  bool is_better_lower;
};
constexpr std::array<Metric, 4> kMetrics{
    {{"val.top1", false}, {"val.top5", false}, {"val.loss", true}, {"val.ece", true}}};

}  // namespace

bool is_better_lower(std::string_view metric) {
  const auto* found = std::ranges::find(kMetrics, metric, &Metric::name);
  if (found != kMetrics.end()) return found->is_better_lower;
  std::array<std::string_view, kMetrics.size()> names;
  std::ranges::transform(kMetrics, names.begin(), &Metric::name);
  throw ConfigError(
      fmt::format("--metric: read \"{}\", expected one of {}.", shown(metric), join(names, ", ")));
}

}  // namespace stoker::sweep
