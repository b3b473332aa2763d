// The checkpoints of one run: runs/<name>/<n>/checkpoints.
//
//   step-00001100/  step-00001200/
//   latest                      the name of the newest, written last
//   best                        the name of the best by the monitored metric
//   set-aside/step-00001300/    what a resumed run went back behind: damaged ones, abandoned ones
//
// What begins with a dot is work under way, or was left by a crash: the next save removes it. One
// process saves at a time (runs/lock.h); readers need no lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stoker/train/checkpoint.h"

namespace stoker::train {

class CheckpointStore {
 public:
  CheckpointStore(FileSystem& files, std::filesystem::path folder);

  // What stays: the newest `last` and the `best` best by the monitored metric of
  // train/metric_names.h.
  struct Keep {
    int64_t last = 2;
    int64_t best = 1;
    std::string monitor = "val.top1";
    bool lower_is_better = false;
  };
  // Makes the folder, where a run begins.
  void create();
  // Syncs `logs` (what a resumed run reads besides the checkpoint), writes, moves `latest`, moves
  // `best` if another is best now, removes what is not kept. At each moment the newest whole
  // checkpoint, or the one before, is there. Throws FileError; also when the folder of create() is
  // gone, which is not made again: what else the run had is gone with it.
  std::filesystem::path save(int64_t step, const CheckpointImage& image, const Keep& keep,
                             std::span<const std::filesystem::path> logs = {});

  // Moves checkpoints of later steps to set-aside/, and the pointers off them: a run that goes on
  // from `step` must not find them again. Returns where they are now.
  std::vector<std::filesystem::path> set_aside_after(int64_t step, const Keep& keep);

  // The monitored metric of the best checkpoint, nothing if none has it.
  std::optional<double> best_value(const Keep& keep) const;

 private:
  std::vector<runs::CheckpointEntry> best_first(std::vector<runs::CheckpointEntry> entries,
                                                const Keep& keep) const;
  void point(const char* pointer, const std::filesystem::path& target);
  void point_to_best(const Keep& keep);
  void put_in_place(const std::filesystem::path& written, const std::filesystem::path& folder);
  void sweep();
  void prune(const Keep& keep);

  FileSystem& files_;
  std::filesystem::path folder_;
};

}  // namespace stoker::train
