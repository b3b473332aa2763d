// What an option does not go with: one row of a table that a check walks.
#pragma once

#include <algorithm>
#include <string_view>

#include "stoker/run/run_config.h"

namespace stoker::run {

struct Conflict {
  std::string_view key;  // as a message names it
  std::string_view why;  // "dist.x does not go with KEY, which …"
  bool (*is_set)(const RunConfig& config);
};

inline bool has_algorithm(const RunConfig& config, std::string_view name) {
  return std::ranges::any_of(config.algorithms,
                             [&](const auto& choice) { return choice.name() == name; });
}

}  // namespace stoker::run
