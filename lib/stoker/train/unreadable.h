// Images that a loader left out under data.on_error: skip, and what the log says of them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "stoker/loader/loader.h"

namespace stoker::train {

struct Unreadable {
  int64_t count = 0;                         // distinct
  std::vector<loader::SkippedSample> first;  // up to 1,000, in the order of the run
};

Unreadable unreadable_of(const loader::Loader& loader);

// Warns of those beyond the `reported` that were warned of before, naming up to ten; says nothing
// where there are none. `set`: "training", "validation".
void warn_of_unreadable(std::string_view set, const Unreadable& unreadable, int64_t reported = 0);

}  // namespace stoker::train
