// metrics.jsonl: one JSON object a log step and an evaluation, with units in the keys; and the same
// as a table, metrics.csv.
//
//   {"time_s":12.3,"epoch":1.25,"step":60,"split":"train","loss":1.71,"lr":0.41,
//    "images_per_s":1180.2,"data_wait":0.01,"memory_gib":1.9,
//    "peak_bytes":1288490188,"skipped_steps":0,
//    "read_us":4.1,"decode_us":310.0,"augment_us":62.5,"copy_us":0}
//   {"time_s":14.0,"epoch":2.0,"step":96,"split":"val","loss":1.2,"top1":0.61,"top5":0.96,
//    "images":10000}
//   {"time_s":14.1,"epoch":2.0,"step":97,"split":"memory","microbatch":64,"grad_accumulation":8,
//    "eval_batch_size":0}
//
// Lines of the split "memory" stand where micro-batches changed because memory ran out, or because
// there was some again; eval_batch_size is 0 while evaluations have the batch of the configuration.
// time_s counts training time, across resumes. data_wait is the share of it that waited for images.
// read_us … copy_us are what a loader thread spends on an image. A loss that is not finite stands
// as null, and as an empty cell.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "stoker/core/file.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

struct MetricsLogOptions {
  bool csv = true;
};

// Appends to metrics.jsonl in `folder`, each line at once (record_file.h). metrics.csv is made
// again from what metrics.jsonl holds, so that its columns are the same before and after a resume,
// whichever version began the run. Throws FileError.
std::unique_ptr<train::Callback> make_metrics_log(FileSystem& files,
                                                  const std::filesystem::path& folder,
                                                  const MetricsLogOptions& options);

// The line of an event as metrics.jsonl has it; nothing for events that have none.
std::optional<std::string> metrics_line(train::Event event, const train::State& state);

// Drops lines of steps after `step` and a last line cut short: what a killed run wrote beyond the
// checkpoint that it goes on from.
void rewind_metrics_log(FileSystem& files, const std::filesystem::path& path, int64_t step);

}  // namespace stoker::callbacks
