// events.jsonl: when a run began, went on, evaluated, saved, changed its micro-batches and ended.
//
//   {"time_utc":"2026-11-29T22:50:10Z","event":"start","step":0,"epoch":0.0,"time_s":0.0}
//   {"time_utc":"…","event":"evaluation","step":31,"epoch":1.0,"time_s":10.1,"seconds":1.7}
//   {"time_utc":"…","event":"end","step":186,"epoch":6.0,"time_s":61.2,"reason":"finished"}
//
// Events: start, resume, evaluation, checkpoint, memory, end. What a run did beyond the checkpoint
// that it goes on from stays: it happened.
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/core/file.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// Appends to events.jsonl in `folder`. Throws FileError.
std::unique_ptr<train::Callback> make_run_events(FileSystem& files,
                                                 const std::filesystem::path& folder);

}  // namespace stoker::callbacks
