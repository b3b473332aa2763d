// At each epoch's end, what it waited for and what to change (monitor/verdict.h): into the log
// where it is another than that before, and always into events.jsonl.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "stoker/callbacks/events_file.h"
#include "stoker/callbacks/said.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// What is known of the run as a whole, as in monitor/facts.h.
struct VerdictContext {
  int64_t ranks = 1;
  std::string faster_precision;
};

std::unique_ptr<train::Callback> make_verdict_watch(std::shared_ptr<EventsFile> file,
                                                    const VerdictContext& context,
                                                    std::shared_ptr<Said> said);

}  // namespace stoker::callbacks
