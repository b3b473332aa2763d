// What the log has said of a process, so that no two callbacks say the same.
#pragma once

#include <set>
#include <string>

namespace stoker::callbacks {

struct Said {
  std::set<std::string> kinds;  // of verdicts (monitor/verdict.h)
};

}  // namespace stoker::callbacks
