// events.out.tfevents.*: the run's scalars as TensorBoard reads them.
//
// One file a process. Each begins by saying at which step it starts, so that TensorBoard drops what
// a killed run wrote beyond the checkpoint that this one goes on from. Tags are train/loss,
// train/lr, train/images_per_s, train/data_wait, train/memory_gib, val/loss, val/top1, val/top5.
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/train/state.h"

namespace stoker::callbacks {

// Makes a file in `folder`. Throws FileError.
std::unique_ptr<train::Callback> make_tensorboard(const std::filesystem::path& folder);

}  // namespace stoker::callbacks
