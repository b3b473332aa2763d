// What a sweep can be sorted by: the metrics of evaluations.
#pragma once

#include <string>
#include <string_view>

namespace stoker::sweep {

// Throws ConfigError for one that there is not.
bool is_better_lower(std::string_view metric);

// What is wrong with it for trials of this `task`, "" where they measure it.
std::string metric_problem(std::string_view metric, std::string_view task);

}  // namespace stoker::sweep
