#include "stoker/search/prune.h"

#include <cmath>
#include <optional>

#include "stoker/search/statistics.h"

namespace stoker::search {

namespace {

constexpr double kSamePoint = 1e-6;

// Of the evaluations up to `at`; nothing where the curve ends before.
std::optional<double> best_by(const Curve& curve, double at, bool lower_is_better) {
  if (curve.empty() || curve.back().at < at - kSamePoint) return std::nullopt;
  std::optional<double> best;
  for (const CurvePoint& point : curve) {
    if (point.at > at + kSamePoint || !std::isfinite(point.value)) continue;
    if (!best || (lower_is_better ? point.value < *best : point.value > *best)) best = point.value;
  }
  return best;
}

}  // namespace

bool is_behind(const Curve& curve, std::span<const Curve> others, const PruneOptions& options) {
  if (curve.empty() || curve.back().at < options.warmup_epochs - kSamePoint) return false;
  const double at = curve.back().at;
  std::vector<double> values;
  for (const Curve& other : others)
    if (const auto best = best_by(other, at, options.lower_is_better)) values.push_back(*best);
  if (values.empty() || std::ssize(values) < options.startup_trials) return false;
  const auto own = best_by(curve, at, options.lower_is_better);
  if (!own) return true;  // no finite value where others have some
  const double middle = median(values);
  return options.lower_is_better ? *own > middle : *own < middle;
}

}  // namespace stoker::search
