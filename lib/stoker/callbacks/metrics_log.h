// metrics.jsonl: one JSON object a log step and an evaluation, with units in the keys.
//
//   {"time_s":12.3,"epoch":1.25,"step":60,"split":"train","loss":1.71,"lr":0.41,
//    "images_per_s":1180.2,"data_wait":0.01,"memory_gib":1.9}
//   {"time_s":14.0,"epoch":2.0,"step":96,"split":"val","loss":1.2,"top1":0.61,"top5":0.96,
//    "images":10000}
//
// time_s counts training time, across resumes. A loss that is not finite stands as null.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "stoker/core/file.h"
#include "stoker/train/state.h"

namespace stoker::callbacks {

// Appends to `path`, each line flushed. Throws FileError.
std::unique_ptr<train::Callback> make_metrics_log(const std::filesystem::path& path);

// The line of an event as metrics.jsonl has it; nothing for events that have none.
std::optional<std::string> metrics_line(train::Event event, const train::State& state);

// Drops lines of steps after `step` and a last line cut short: what a killed run wrote beyond the
// checkpoint that it goes on from.
void rewind_metrics_log(FileSystem& files, const std::filesystem::path& path, int64_t step);

}  // namespace stoker::callbacks
