#include "stoker/search/pareto.h"

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

}  // namespace stoker::search
