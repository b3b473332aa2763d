#include "stoker/train/checkpoint_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/runs/layout.h"
#include "stoker/train/metric_names.h"

namespace stoker::train {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::string_view kPrefix = runs::kStepPrefix;
constexpr std::string_view kReplaced = runs::kReplacedPrefix;
constexpr std::string_view kWriting = ".writing-";
constexpr std::string_view kRemoving = ".removing-";

// The metric of these very weights: an evaluation of an earlier step says nothing about them.
std::optional<double> value_of(const fs::path& folder, const std::string& monitor) {
  if (!fs::exists(folder / runs::kStateFile)) return std::nullopt;
  const json state = try_parse_json(runs::read_checkpoint_state(folder));
  if (!state.is_object() || !state.contains("metrics")) return std::nullopt;
  const auto metric = state["metrics"].find(monitor);
  if (metric == state["metrics"].end() || !metric->is_number()) return std::nullopt;
  const bool is_measured =
      monitor == kTrainLoss || state.value("metrics_step", json()) == state.value("step", json());
  return is_measured ? std::optional(metric->get<double>()) : std::nullopt;
}

// What a crash leaves, temporaries of the pointers among it. Other hidden names are not ours.
bool is_leftover(const fs::path& path) {
  const std::string name = path.filename().string();
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{kWriting, kRemoving, kReplaced, ".latest.", ".best."},
      [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

CheckpointStore::CheckpointStore(FileSystem& files, fs::path folder)
    : files_(files), folder_(std::move(folder)) {}

void CheckpointStore::create() { files_.make_directories(folder_); }

fs::path CheckpointStore::save(int64_t step, const CheckpointImage& image, const Keep& keep,
                               std::span<const fs::path> logs) {
  if (!fs::is_directory(folder_)) {
    throw FileError(fmt::format(
        "{}: the folder is gone: it was removed, renamed or unmounted while the run was under way.",
        folder_.string()));
  }
  sweep();
  for (const fs::path& log : logs) {
    if (!fs::exists(log)) continue;
    files_.sync_file(log);
    files_.sync_directory(log.parent_path());
  }
  const fs::path folder = folder_ / fmt::format("{}{:08d}", kPrefix, step);
  const fs::path written = folder_ / fmt::format("{}{}", kWriting, folder.filename().string());
  write_checkpoint(files_, written, image);
  put_in_place(written, folder);
  point(runs::kLatest, folder);
  point_to_best(keep);
  prune(keep);
  return folder;
}

void CheckpointStore::put_in_place(const fs::path& written, const fs::path& folder) {
  const fs::path old =
      folder_ / fmt::format("{}{}", kReplaced, folder.filename().string().substr(kPrefix.size()));
  const bool replaces = fs::exists(folder);
  if (replaces) files_.rename(folder, old);
  files_.rename(written, folder);
  files_.sync_directory(folder_);
  if (replaces) files_.remove_all(old);
}

void CheckpointStore::sweep() {
  std::vector<fs::path> leftovers;
  for (const auto& item : fs::directory_iterator(folder_)) {
    if (is_leftover(item.path())) leftovers.push_back(item.path());
  }
  for (const fs::path& path : leftovers) {
    const std::optional<int64_t> step = runs::step_of(path, kReplaced);
    const fs::path plain = folder_ / fmt::format("{}{:08d}", kPrefix, step.value_or(0));
    if (step && !fs::exists(plain)) {
      files_.rename(path, plain);
    } else {
      files_.remove_all(path);
    }
  }
}

std::vector<runs::CheckpointEntry> CheckpointStore::best_first(
    std::vector<runs::CheckpointEntry> entries, const Keep& keep) const {
  std::map<int64_t, double> values;
  for (const runs::CheckpointEntry& entry : entries) {
    if (const auto value = value_of(entry.folder, keep.monitor)) values[entry.step] = *value;
  }
  std::erase_if(entries,
                [&](const runs::CheckpointEntry& entry) { return !values.contains(entry.step); });
  // Of equals the earlier one: what is as good is not better.
  std::ranges::sort(entries, [&](const runs::CheckpointEntry& a, const runs::CheckpointEntry& b) {
    const double x = values[a.step], y = values[b.step];
    return x == y ? a.step < b.step : is_better(x, y, keep.lower_is_better);
  });
  return entries;
}

std::optional<double> CheckpointStore::best_value(const Keep& keep) const {
  const std::vector<runs::CheckpointEntry> ranked =
      best_first(runs::list_checkpoints(folder_), keep);
  if (ranked.empty()) return std::nullopt;
  return value_of(ranked.front().folder, keep.monitor);
}

void CheckpointStore::point(const char* pointer, const fs::path& target) {
  write_file_atomically(files_, folder_ / pointer, as_bytes(target.filename().string() + "\n"));
}

void CheckpointStore::point_to_best(const Keep& keep) {
  const std::vector<runs::CheckpointEntry> ranked =
      best_first(runs::list_checkpoints(folder_), keep);
  if (ranked.empty() || runs::follow_pointer(folder_ / runs::kBest) == ranked.front().folder)
    return;
  point(runs::kBest, ranked.front().folder);
}

void CheckpointStore::prune(const Keep& keep) {
  const std::vector<runs::CheckpointEntry> entries = runs::list_checkpoints(folder_);
  const std::vector<runs::CheckpointEntry> ranked = best_first(entries, keep);
  const auto best_end = ranked.begin() + std::min<int64_t>(keep.best, std::ssize(ranked));
  for (size_t i = 0; i < entries.size(); ++i) {
    if (static_cast<int64_t>(entries.size() - i) <= keep.last) continue;
    const bool is_best = std::any_of(
        ranked.begin(), best_end,
        [&](const runs::CheckpointEntry& entry) { return entry.step == entries[i].step; });
    if (is_best) continue;
    // Out of sight in one operation, so that a crash leaves no half of a checkpoint.
    const fs::path going =
        folder_ / fmt::format("{}{}", kRemoving, entries[i].folder.filename().string());
    files_.rename(entries[i].folder, going);
    files_.remove_all(going);
  }
}

std::vector<fs::path> CheckpointStore::set_aside_after(int64_t step, const Keep& keep) {
  std::vector<fs::path> moved;
  const fs::path aside = folder_ / runs::kSetAside;
  for (const runs::CheckpointEntry& entry : runs::list_checkpoints(folder_)) {
    if (entry.step <= step) continue;
    files_.make_directories(aside);
    fs::path target = aside / fmt::format("{}{:08d}", kPrefix, entry.step);
    for (int copy = 2; fs::exists(target); ++copy) {
      target = aside / fmt::format("{}{:08d}.{}", kPrefix, entry.step, copy);
    }
    files_.rename(entry.folder, target);
    moved.push_back(target);
  }
  if (moved.empty()) return moved;
  files_.sync_directory(aside);
  files_.sync_directory(folder_);
  if (const std::vector<runs::CheckpointEntry> left = runs::list_checkpoints(folder_);
      !left.empty())
    point(runs::kLatest, left.back().folder);
  point_to_best(keep);
  for (const char* pointer : {runs::kLatest, runs::kBest}) {
    if (runs::follow_pointer(folder_ / pointer).empty()) files_.remove_all(folder_ / pointer);
  }
  return moved;
}

}  // namespace stoker::train
