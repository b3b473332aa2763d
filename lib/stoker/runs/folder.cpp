#include "stoker/runs/folder.h"

#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/runs/destination.h"
#include "stoker/runs/layout.h"

namespace stoker::runs {

namespace fs = std::filesystem;

namespace {

std::optional<int> run_number(const fs::path& path) {
  const std::string name = path.filename().string();
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Of the entries that `counts`; 0 without any.
template <class Counts>
int highest_number(const fs::path& parent, const Counts& counts) {
  int highest = 0;
  if (!fs::is_directory(parent)) return highest;
  for (const auto& entry : fs::directory_iterator(parent)) {
    const int number = run_number(entry.path()).value_or(0);
    if (number > highest && counts(entry.path())) highest = number;
  }
  return highest;
}

// A folder without a configuration is one of a run that could not even begin.
bool is_run(const fs::path& path) { return fs::exists(path / kConfigFile); }

}  // namespace

RunFolder RunFolder::create(const fs::path& dir, const std::string& name) {
  check_name(name);
  const fs::path parent = dir / name;
  real_file_system().make_directories(parent);
  // mkdir decides between runs that start at the same moment.
  const auto any = [](const fs::path&) { return true; };
  for (int number = highest_number(parent, any) + 1;; ++number) {
    const fs::path path = parent / std::to_string(number);
    if (::mkdir(path.c_str(), 0777) == 0) return RunFolder(path);
    if (errno != EEXIST) {
      throw FileError(
          fmt::format("{}: cannot make the run's folder: {}", path.string(), std::strerror(errno)));
    }
  }
}

RunFolder RunFolder::open(const fs::path& path) {
  if (!is_run(path)) {
    throw ConfigError(
        fmt::format("{}: not a run's folder: expected a config.yaml in it, as in runs/cifar10/1",
                    path.string()));
  }
  return RunFolder(path);
}

RunFolder RunFolder::holding(const fs::path& checkpoint) {
  fs::path path = checkpoint.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "step-00000012/"
  if (!path.parent_path().has_parent_path()) path = fs::absolute(path).lexically_normal();
  if (path.parent_path().filename() == kCheckpointsFolder)
    return open(path.parent_path().parent_path());
  throw ConfigError(
      fmt::format("{}: a checkpoint outside of its run's folder; expected one like "
                  "runs/cifar10/1/checkpoints/{}.",
                  checkpoint.string(), path.filename().string()));
}

RunFolder RunFolder::newest(const fs::path& dir, const std::string& name) {
  const fs::path parent = dir / name;
  // One that has saved something before one that only began, which leaves nothing to go on with.
  const auto has_saved = [](const fs::path& path) { return is_run(path) && has_checkpoint(path); };
  int number = highest_number(parent, has_saved);
  if (number == 0) number = highest_number(parent, is_run);
  if (number == 0) {
    throw ConfigError(fmt::format(
        "{}: no runs here to resume; leave --resume out to start one, or name a run's folder",
        parent.string()));
  }
  return open(parent / std::to_string(number));
}

}  // namespace stoker::runs
