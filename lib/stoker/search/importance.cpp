#include "stoker/search/importance.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "stoker/config/values.h"
#include "stoker/search/statistics.h"

namespace stoker::search {

namespace {

constexpr size_t kQuarters = 4;

// Each trial's group, from 0.
std::vector<size_t> groups_of(const std::vector<std::string>& values) {
  std::map<std::string, size_t> names;
  bool are_numbers = true;
  for (const std::string& value : values) {
    names.emplace(value, names.size());
    are_numbers &= config::parse_number(value).has_value();
  }
  std::vector<size_t> groups(values.size());
  if (names.size() <= kMaxGroups || !are_numbers) {
    for (size_t i = 0; i < values.size(); ++i) groups[i] = names[values[i]];
    return groups;
  }
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return *config::parse_number(values[i]); });
  for (size_t rank = 0; rank < order.size(); ++rank)
    groups[order[rank]] = rank * kQuarters / order.size();
  return groups;
}

Importance explained_by(const std::vector<size_t>& groups, std::span<const double> metric) {
  std::map<size_t, std::vector<double>> members;
  for (size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(metric[i]);
  const Spread all = spread(metric);
  const auto n = static_cast<double>(metric.size());
  const auto k = static_cast<double>(members.size());
  Importance result{.explained = 0, .is_rough = n < kEnoughForEach * k};
  const double total = all.deviation * all.deviation * (n - 1);
  if (total <= 0 || members.size() < 2 || n <= k) return result;
  double within = 0;
  for (const auto& [group, values] : members) {
    const Spread one = spread(values);
    within += one.deviation * one.deviation * static_cast<double>(one.count - 1);
  }
  const double between = total - within;
  result.explained = std::clamp((between - (k - 1) * within / (n - k)) / total, 0.0, 1.0);
  return result;
}

}  // namespace

std::vector<Importance> importance(std::span<const std::vector<std::string>> keys,
                                   std::span<const double> metric) {
  std::vector<Importance> results;
  for (const auto& values : keys) results.push_back(explained_by(groups_of(values), metric));
  return results;
}

}  // namespace stoker::search
