// The one logger: lines for a person on stderr, and in the run's log.txt once there is one.
//
//   log().warn("data/train/a.jpg skipped: truncated");
#pragma once

#include <spdlog/fwd.h>

#include <filesystem>

namespace stoker {

spdlog::logger& log();
// From here on standard error gets warnings and errors alone; a file gets every line.
void quiet_log();
// Adds `path` as a second place for every line. Throws FileError.
void add_log_file(const std::filesystem::path& path);
void remove_log_file();

}  // namespace stoker
