// events.out.tfevents.*: the run's scalars as TensorBoard reads them, and by choice images of a
// batch and histograms.
//
// One file a process. Each begins by saying at which step it starts, so that TensorBoard drops what
// a killed run wrote beyond the checkpoint that this one goes on from. Tags are train/ and val/
// with the columns that are drawn (columns.h), train/batch (images), gradients/<parameter> and
// weights/<parameter> (histograms). What the command line set stands there for the hparams plugin,
// which so compares the trials of a sweep.
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/callbacks/event_file.h"
#include "stoker/callbacks/options.h"
#include "stoker/core/file.h"
#include "stoker/kernels/image.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// Makes a file in `folder`. `normalization` is what images of a batch went through. Throws
// FileError.
std::unique_ptr<train::Callback> make_tensorboard(FileSystem& files, const LogOptions& options,
                                                  const kernels::Normalization& normalization,
                                                  const EventFile::HyperParameters& parameters,
                                                  const std::filesystem::path& folder);

}  // namespace stoker::callbacks
