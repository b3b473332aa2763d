// A config to begin with for a data set, from a look at it: its format and splits, how many images
// and how large.
//
//   fmt::print("{}", first_config("photos"));     // `stoker config init photos`
#pragma once

#include <filesystem>
#include <string>

namespace stoker::inspect {

// YAML. The path is whatever data::find_splits understands. Opens the training set and reads the
// headers of up to 256 images. Throws DataError, also for what training would refuse and for names
// that are not UTF-8.
std::string first_config(const std::filesystem::path& path);

}  // namespace stoker::inspect
