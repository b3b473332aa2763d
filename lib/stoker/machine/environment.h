// environment.json: what a run ran on, so that its figures can be judged later.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::machine {

// On what the ranks of a run run; environment() describes that of the first.
struct RunPlaces {
  int64_t ranks = 1;
  std::vector<std::string> hosts;  // distinct
  std::string faster_precision;    // than the run's, on its device; "" where there is none
  // Keys of the configuration that are no default, with the place that set each.
  std::vector<std::pair<std::string, std::string>> origins = {};
};

// Host, processor, usable CPUs, memory, GPUs with their driver, device, versions of stoker and its
// libraries, git revision, the command line of this process, its folder and the time.
nlohmann::ordered_json environment(c10::Device device);

// Writes it to `path`. What an earlier process wrote there moves into the list "earlier", oldest
// first, so that the file tells of each resume. Throws FileError.
void write_environment(FileSystem& files, const std::filesystem::path& path, c10::Device device,
                       const RunPlaces& places);

}  // namespace stoker::machine
