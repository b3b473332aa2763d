#include "stoker/runs/checkpoints.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/log.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/manifest.h"

namespace stoker::runs {

namespace fs = std::filesystem;

namespace {

std::string read_verified(const fs::path& folder, const Manifest& manifest,
                          const std::string& name) {
  std::string text = read_file(folder / name);
  verify(folder, manifest, name, as_bytes(text));
  return text;
}

// A checkpoint that has been verified already on the way, or one that has not.
using Found = std::variant<fs::path, WholeCheckpoint>;

Found find_checkpoint(const fs::path& path, bool prefer_best) {
  if (is_checkpoint(path)) return path;
  // One of its files stands for a checkpoint.
  fs::path holder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (fs::is_regular_file(path) && is_checkpoint(holder)) return holder;
  if (fs::path target = follow_pointer(path); !target.empty()) return target;
  for (const fs::path& folder : {path / kCheckpointsFolder, path}) {
    if (prefer_best) {
      if (fs::path best = follow_pointer(folder / kBest); !best.empty()) return best;
    }
    if (auto newest = newest_whole(folder)) return *std::move(newest);
  }
  throw ConfigError(
      fmt::format("{}: no checkpoint here; expected a checkpoint's folder (with a manifest.json), "
                  "a pointer such as checkpoints/best, or a run's folder such as runs/cifar10/1",
                  path.string()));
}

}  // namespace

std::optional<int64_t> step_of(const fs::path& folder, std::string_view prefix) {
  const std::string name = folder.filename().string();
  if (!name.starts_with(prefix)) return std::nullopt;
  int64_t step = 0;
  const char* begin = name.data() + prefix.size();
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(begin, end, step);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return step;
}

std::vector<CheckpointEntry> list_checkpoints(const fs::path& folder) {
  if (!fs::is_directory(folder)) return {};
  std::map<int64_t, fs::path> found;
  for (const char* prefix : {kReplacedPrefix, kStepPrefix}) {
    for (const auto& item : fs::directory_iterator(folder)) {
      const std::optional<int64_t> step = step_of(item.path(), prefix);
      if (step && item.is_directory()) found[*step] = item.path();
    }
  }
  std::vector<CheckpointEntry> entries;
  for (const auto& [step, path] : found) entries.push_back({path, step});
  return entries;
}

fs::path follow_pointer(const fs::path& pointer) {
  constexpr uintmax_t kLongestName = 4096;
  if (!fs::is_regular_file(pointer) || fs::file_size(pointer) > kLongestName) return {};
  std::string name = read_file(pointer);
  while (!name.empty() && (name.back() == '\n' || name.back() == ' ')) name.pop_back();
  // Any other file may stand here, as a user may name any: what it says is no name then. A pointer
  // names what lies beside it and nothing else.
  const bool is_name = !name.empty() && name != "." && name != ".." &&
                       name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
  fs::path target = pointer.parent_path() / name;
  std::error_code too_long_for_a_name;
  return is_name && fs::is_directory(target, too_long_for_a_name) ? target : fs::path{};
}

std::string read_checkpoint_state(const fs::path& checkpoint) {
  return read_file(checkpoint / kStateFile);
}

WholeCheckpoint::WholeCheckpoint(fs::path folder) : folder_(std::move(folder)) {
  const Manifest manifest = read_manifest(folder_);
  for (const char* name : {kModelFile, kOptimizerFile})
    verify(folder_, manifest, name, MappedFile(folder_ / name).bytes());
  state_json_ = read_verified(folder_, manifest, kStateFile);
  config_yaml_ = read_verified(folder_, manifest, kConfigFile);
}

std::optional<WholeCheckpoint> newest_whole(const fs::path& folder) {
  std::vector<CheckpointEntry> entries = list_checkpoints(folder);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    try {
      return WholeCheckpoint(entry->folder);
    } catch (const Error& error) {
      log().warn("passing over the checkpoint {}: {}", entry->folder.string(), error.what());
    }
  }
  return std::nullopt;
}

fs::path resolve_checkpoint(const fs::path& path, bool prefer_best) {
  const Found found = find_checkpoint(path, prefer_best);
  const auto* whole = std::get_if<WholeCheckpoint>(&found);
  return whole != nullptr ? whole->folder() : std::get<fs::path>(found);
}

WholeCheckpoint open_checkpoint(const fs::path& path, bool prefer_best) {
  Found found = find_checkpoint(path, prefer_best);
  if (auto* whole = std::get_if<WholeCheckpoint>(&found)) return std::move(*whole);
  return WholeCheckpoint(std::get<fs::path>(std::move(found)));
}

}  // namespace stoker::runs
