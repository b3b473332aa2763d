// What a sweep can be sorted by: the metrics of evaluations.
#pragma once

#include <string_view>

namespace stoker::sweep {

// Throws ConfigError for one that there is not.
bool is_better_lower(std::string_view metric);

}  // namespace stoker::sweep
