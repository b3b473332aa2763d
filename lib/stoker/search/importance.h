// How much of a metric's variance each key explains by itself.
//
//   importance({{"fp32", "bf16", "fp32", "bf16"}}, {0.90, 0.91, 0.90, 0.91});   // {1.0}
#pragma once

#include <span>
#include <string>
#include <vector>

namespace stoker::search {

struct Importance {
  double explained = 0;   // 0 to 1: epsilon squared, corrected for the number of groups
  bool is_rough = false;  // fewer than kEnoughForEach trials a group
};
inline constexpr double kEnoughForEach = 5;

// keys: for each key the values that the trials had, as text; metric: of the same trials. Trials
// are grouped by the value, and where more than kMaxGroups numbers occur by quarters of their
// order. Keys that act only together explain nothing by themselves.
std::vector<Importance> importance(std::span<const std::vector<std::string>> keys,
                                   std::span<const double> metric);

inline constexpr size_t kMaxGroups = 8;

}  // namespace stoker::search
