// The settings that nothing beats in everything at once.
//
//   std::vector<size_t> front = pareto_front({{0.08, 41}, {0.07, 90}, {0.09, 95}});   // 0, 1
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace stoker::search {

// points: each a list of costs, lower is better, all of one length; NaN stands for what was not
// measured and makes no difference. tolerances: one a cost, the spread within which two count as
// alike (empty: 0). A point is beaten by one that is nowhere worse by more than the tolerance and
// somewhere better by more. Indices in ascending order.
std::vector<size_t> pareto_front(std::span<const std::vector<double>> points,
                                 std::span<const double> tolerances = {});

// Of a front in two costs the point where a little less of one begins to cost much of the other:
// the farthest from the chord between the front's ends, both costs scaled to 0 … 1. Indices into
// `points`; nothing with fewer than three.
std::optional<size_t> knee_of(std::span<const std::vector<double>> points,
                              std::span<const size_t> front);

}  // namespace stoker::search
