// What happened in a run besides its steps: evaluations, checkpoints, resumes, changes of memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stoker/report/run_record.h"

namespace stoker::report {

struct TimelineEvent {
  int64_t step = 0;
  std::string kind;  // evaluation, checkpoint, resume, memory, end
  std::string text;  // for a person, on one line
};

// In the order of the steps; of more than `most` evaluations and checkpoints every n-th, resumes
// and changes of memory all.
std::vector<TimelineEvent> timeline_of(const RunRecord& run, size_t most = 400);

}  // namespace stoker::report
