#include "stoker/search/pareto.h"

#include <algorithm>

namespace stoker::search {

namespace {

bool beats(const std::vector<double>& a, const std::vector<double>& b,
           std::span<const double> tolerances) {
  bool is_better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    const double tolerance = i < tolerances.size() ? tolerances[i] : 0;
    if (a[i] > b[i] + tolerance) return false;
    is_better |= a[i] < b[i] - tolerance;
  }
  return is_better;
}

}  // namespace

std::vector<size_t> pareto_front(std::span<const std::vector<double>> points,
                                 std::span<const double> tolerances) {
  std::vector<size_t> front;
  for (size_t i = 0; i < points.size(); ++i) {
    bool is_beaten = false;
    for (const auto& other : points) is_beaten |= beats(other, points[i], tolerances);
    if (!is_beaten) front.push_back(i);
  }
  return front;
}

std::optional<size_t> knee_of(std::span<const std::vector<double>> points,
                              std::span<const size_t> front) {
  if (front.size() < 3) return std::nullopt;
  const auto scaled = [&](size_t i, size_t cost) {
    const auto of = [&](size_t j) { return points[j][cost]; };
    const auto [low, high] = std::ranges::minmax(front, {}, of);
    const double width = of(high) - of(low);
    return width > 0 ? (of(i) - of(low)) / width : 0;
  };
  // The chord goes from (0, 1) to (1, 0): the sum says how far below it a point lies.
  return *std::ranges::min_element(front, {},
                                   [&](size_t i) { return scaled(i, 0) + scaled(i, 1); });
}

}  // namespace stoker::search
