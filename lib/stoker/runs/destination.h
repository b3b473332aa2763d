// Where a configuration has a run write, checked before it begins.
//
//   runs::check_name("cifar10");
//   runs::check_destination("run.dir", "runs/cifar10");
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace stoker::runs {

// Throws ConfigError for a `name` of runs that is not a folder's own: one with "/", "." and "..",
// and one with control characters. Empty is none yet.
void check_name(const std::string& name);

// Writes a small file into `folder`, or the nearest of its parents that is there, and removes it.
// Throws FileError, naming `key`, where that cannot be: for a file in the folder's place, missing
// rights, a disk that is full or read-only.
void check_destination(std::string_view key, const std::filesystem::path& folder);

}  // namespace stoker::runs
