// Which operators take the time and the memory of what a profiler saw.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stoker::bench {

// What a profiler has noted of one call, or of one change of memory.
struct OperatorEvent {
  std::string name;
  int64_t thread = 0;  // any number that tells threads apart
  int64_t begin_ns = 0, end_ns = 0;
  int64_t bytes = 0;  // of an allocation (> 0) or a release (< 0), which has no length
  bool is_memory = false;
};

struct OperatorRow {
  std::string name;
  int64_t calls = 0;
  double total_s = 0;           // of all calls, what they call included; of recursion the outermost
  double self_s = 0;            // without what they call
  int64_t allocated_bytes = 0;  // by the calls themselves, whenever it was released
};

// By self time, the largest first. Events of a thread nest or follow one another, as calls do; what
// allocates outside of any operator is not reported.
std::vector<OperatorRow> operator_rows(std::vector<OperatorEvent> events);

// Of intervals that may overlap, how much time at least one covers, in nanoseconds.
int64_t covered_ns(std::vector<OperatorEvent> events);

}  // namespace stoker::bench
