// At each epoch's end, what it waited for and what to change (monitor/verdict.h): into the log
// where it is another than that before, and always into events.jsonl.
#pragma once

#include <memory>

#include "stoker/callbacks/events_file.h"
#include "stoker/callbacks/said.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

std::unique_ptr<train::Callback> make_verdict_watch(std::shared_ptr<EventsFile> file, int64_t ranks,
                                                    std::shared_ptr<Said> said);

}  // namespace stoker::callbacks
