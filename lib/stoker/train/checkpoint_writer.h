// Saves checkpoints on a thread of its own while training goes on.
//
//   CheckpointWriter writer(store, keep, {metrics_jsonl});
//   writer.start(state.step, capture(state, algorithms));   // copies, then returns
//   …a step later…
//   if (auto saved = writer.poll()) …                       // done, or what went wrong
//
// One save at a time. For one thread.
#pragma once

#include <exception>
#include <filesystem>
#include <future>
#include <optional>
#include <vector>

#include "stoker/train/checkpoint_store.h"

namespace stoker::train {

class CheckpointWriter {
 public:
  // logs: as CheckpointStore::save.
  CheckpointWriter(CheckpointStore& store, CheckpointStore::Keep keep,
                   std::vector<std::filesystem::path> logs = {});
  // Finishes the save under way; one that fails there is warned about.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  struct Result {
    std::filesystem::path folder;  // empty after an error
    std::exception_ptr error;      // a FileError, as a rule
  };
  // Copies `content` and begins to write it. The result of the save before must have been taken.
  void start(int64_t step, CheckpointContent content);
  // The result of the save that has ended since the last call, once; nothing before it has.
  std::optional<Result> poll();
  // The same, but waits for a save under way.
  std::optional<Result> wait();

 private:
  CheckpointStore& store_;
  CheckpointStore::Keep keep_;
  std::vector<std::filesystem::path> logs_;
  CheckpointImage image_;
  std::future<std::filesystem::path> save_;  // goes first: the thread reads the image
};

}  // namespace stoker::train
