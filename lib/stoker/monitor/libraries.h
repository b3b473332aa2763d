// What this build is made of.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace stoker::monitor {

// Name and version, with "not built in" for what is not.
std::vector<std::pair<std::string, std::string>> libraries();

}  // namespace stoker::monitor
