// Names from outside in one line of a message.
//
//   shown_list({"cat", "tab\there"});   // cat, tab\there
#pragma once

#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "stoker/core/shown.h"

namespace stoker {

inline std::string shown_list(const std::vector<std::string>& names) {
  return shown(fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace stoker
