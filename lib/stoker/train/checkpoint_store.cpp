#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include <spdlog/spdlog.h>
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/train/checkpoint.h"

namespace stoker::train {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::string_view kPrefix = "step-";

std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int64_t step = 0;
  const char* begin = name.data() + kPrefix.size();
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(begin, end, step);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return step;
}

// Larger is better; nothing if the checkpoint has no such metric.
std::optional<double> score(const fs::path& folder, const std::string& monitor) {
  const json state =
      json::parse(read_checkpoint_state(folder), nullptr, /*allow_exceptions=*/false);
  if (state.is_discarded() || !state.contains("metrics")) return std::nullopt;
  const auto metric = state["metrics"].find(monitor);
  if (metric == state["metrics"].end() || !metric->is_number()) return std::nullopt;
  const double value = metric->get<double>();
  return monitor.ends_with("loss") ? -value : value;
}

std::vector<CheckpointStore::Entry> best_first(std::vector<CheckpointStore::Entry> entries,
                                               const std::string& monitor) {
  std::erase_if(entries, [&](const auto& e) { return !score(e.folder, monitor); });
  // Of equals the later one, which has seen more.
  std::ranges::stable_sort(entries, [&](const auto& a, const auto& b) {
    return std::pair(*score(a.folder, monitor), a.step) >
           std::pair(*score(b.folder, monitor), b.step);
  });
  return entries;
}

void point(FileSystem& files, const fs::path& pointer, const fs::path& target) {
  write_file_atomically(files, pointer, as_bytes(target.filename().string() + "\n"));
}

// The folder a pointer file names, or nothing.
fs::path follow(const fs::path& pointer) {
  if (!fs::is_regular_file(pointer)) return {};
  std::string name = read_file(pointer, /*limit_bytes=*/4096);
  while (!name.empty() && (name.back() == '\n' || name.back() == ' ')) name.pop_back();
  const fs::path target = pointer.parent_path() / name;
  return !name.empty() && fs::is_directory(target) ? target : fs::path{};
}

}  // namespace

CheckpointStore::CheckpointStore(FileSystem& files, fs::path folder)
    : files_(files), folder_(std::move(folder)) {}

std::vector<CheckpointStore::Entry> CheckpointStore::list() const {
  std::vector<Entry> entries;
  if (!fs::is_directory(folder_)) return entries;
  for (const auto& item : fs::directory_iterator(folder_)) {
    const std::optional<int64_t> step = step_of(item.path());
    if (step && item.is_directory()) entries.push_back({item.path(), *step});
  }
  std::ranges::sort(entries, {}, &Entry::step);
  return entries;
}

fs::path CheckpointStore::save(int64_t step, const CheckpointContent& content, const Keep& keep) {
  files_.make_directories(folder_);
  const fs::path folder = folder_ / fmt::format("{}{:08d}", kPrefix, step);
  write_checkpoint(files_, folder, content);
  point(files_, folder_ / "latest", folder);
  const std::vector<Entry> ranked = best_first(list(), keep.monitor);
  if (!ranked.empty() && follow(folder_ / "best") != ranked.front().folder) {
    point(files_, folder_ / "best", ranked.front().folder);
  }
  prune(keep);
  return folder;
}

void CheckpointStore::prune(const Keep& keep) const {
  const std::vector<Entry> entries = list();
  const std::vector<Entry> ranked = best_first(entries, keep.monitor);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (static_cast<int64_t>(entries.size() - i) <= keep.last) continue;
    const auto best_end = ranked.begin() + std::min<int64_t>(keep.best, std::ssize(ranked));
    const bool is_best = std::any_of(ranked.begin(), best_end, [&](const Entry& entry) {
      return entry.step == entries[i].step;
    });
    if (!is_best) files_.remove_all(entries[i].folder);
  }
}

fs::path CheckpointStore::newest_whole() const {
  std::vector<Entry> entries = list();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    try {
      read_checkpoint(entry->folder);
      return entry->folder;
    } catch (const Error& error) {
      log().warn("passing over the checkpoint {}: {}", entry->folder.string(), error.what());
    }
  }
  return {};
}

fs::path resolve_checkpoint(const fs::path& path, bool prefer_best) {
  if (fs::exists(path / "manifest.json")) return path;
  if (const fs::path target = follow(path); !target.empty()) return target;
  for (const fs::path& folder : {path / "checkpoints", path}) {
    if (prefer_best) {
      if (const fs::path best = follow(folder / "best"); !best.empty()) return best;
    }
    if (const fs::path newest = CheckpointStore(real_file_system(), folder).newest_whole();
        !newest.empty()) {
      return newest;
    }
  }
  throw ConfigError(
      fmt::format("{}: no checkpoint here; expected a checkpoint's folder (with a manifest.json), "
                  "a pointer such "
                  "as checkpoints/best, or a run's folder such as runs/cifar10/1",
                  path.string()));
}

}  // namespace stoker::train
