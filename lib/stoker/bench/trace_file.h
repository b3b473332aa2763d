// A trace for Perfetto and its like: Kineto's events with our ranges among them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stoker/core/trace.h"

namespace stoker::bench {

// Kineto's JSON with our ranges and the names of our threads before its events. Left out of
// Kineto's are rows whose process or thread is a word, of which viewers show nothing or less, and
// its names of threads that have one of ours. Throws InternalError where it is not what Kineto
// writes.
std::string with_ranges(const std::string& trace, const std::vector<trace::Thread>& threads,
                        int64_t process_id, int64_t main_thread_id);

}  // namespace stoker::bench
