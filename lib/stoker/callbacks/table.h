// The callbacks of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stoker/callbacks/options.h"
#include "stoker/core/file.h"
#include "stoker/data/dataset.h"
#include "stoker/kernels/image.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

// What callbacks need to know of a run besides its state.
struct RunFacts {
  kernels::Normalization normalization;  // of the training images
  bool keeps_decoded = false;            // data.cache holds decoded images
  std::shared_ptr<const data::Dataset> val_images = nullptr;
  int64_t max_pixels = 100'000'000;  // of an image that is decoded for a picture
  int64_t ranks = 1;
  bool has_energy_budget = false;
  std::string faster_precision = {};  // than the run's, on its device; "" where there is none
  // Keys that the command line set, with their values.
  std::vector<std::pair<std::string, std::string>> overrides = {};
};

// Those that the options ask for, in the order in which they see events. `folder` is the run's;
// what they write goes there. Throws FileError.
std::vector<std::unique_ptr<train::Callback>> make_callbacks(FileSystem& files,
                                                             const LogOptions& options,
                                                             const RunFacts& facts,
                                                             const std::filesystem::path& folder);

}  // namespace stoker::callbacks
