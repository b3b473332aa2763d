// `data pack` and `data index`.
#include "data_pack.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bodies.h"
#include "stoker/core/cpu.h"
#include "stoker/core/json_text.h"
#include "stoker/core/parallel.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/guess.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"
#include "stoker/pack/pack.h"
#include "stoker/shards/shard.h"

namespace stoker::app {
namespace {

namespace fs = std::filesystem;

void print_packed(const pack::PackedSplit& split) {
  const auto per_image = [&](int64_t bytes) { return human_bytes(uint64_t(bytes / split.images)); };
  fmt::print("{}: {} images in {} shards of about {}\n", shown(split.name),
             human_count(split.images), split.shards,
             human_bytes(uint64_t(split.shard_bytes / split.shards)));
  fmt::print("  {} before ({} an image), {} after ({} an image)\n",
             human_bytes(uint64_t(split.source_bytes)), per_image(split.source_bytes),
             human_bytes(uint64_t(split.packed_bytes)), per_image(split.packed_bytes));
  if (split.skipped.empty()) return;
  fmt::print("  {} skipped:\n", human_count(std::ssize(split.skipped)));
  for (const pack::SkippedImage& image : split.skipped) fmt::print("    {}\n", shown(image.reason));
}

nlohmann::ordered_json packed_json(const std::vector<pack::PackedSplit>& splits) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const pack::PackedSplit& split : splits) {
    nlohmann::ordered_json skipped = nlohmann::ordered_json::array();
    for (const pack::SkippedImage& image : split.skipped)
      skipped.push_back({{"name", image.name}, {"reason", image.reason}});
    json.push_back({{"split", split.name},
                    {"images", split.images},
                    {"shards", split.shards},
                    {"source_bytes", split.source_bytes},
                    {"packed_bytes", split.packed_bytes},
                    {"shard_bytes", split.shard_bytes},
                    {"skipped", std::move(skipped)}});
  }
  return json;
}

std::vector<fs::path> shards_at(const fs::path& path) {
  if (fs::exists(path) && !fs::is_directory(path)) return {path};
  if (!fs::is_directory(path))
    throw DataError(fmt::format("{}: no such file or folder", path.string()));
  return data::find_shards(path, "*.tar*", "shards");
}

// Whether the shard opens with the index beside it.
bool is_indexed(const fs::path& shard) {
  try {
    return fs::exists(shards::index_path(shard)) && shards::Shard::open(shard).size() > 0;
  } catch (const DataError&) {
    return false;  // written again
  }
}

std::vector<pack::PackSplit> splits_asked_for(const PackArguments& arguments,
                                              std::vector<pack::PackSplit> splits) {
  if (arguments.split.empty()) return splits;
  std::string names;
  for (pack::PackSplit& split : splits) {
    if (split.name == arguments.split) return {std::move(split)};
    names += (names.empty() ? "" : ", ") + split.name;
  }
  throw ConfigError(
      fmt::format("{} has no split \"{}\"; it has {}", arguments.source, arguments.split, names));
}

}  // namespace

ExitCode write_pack(PackArguments arguments, std::vector<pack::PackSplit> all_splits,
                    const ProgressLineOptions& progress_line) {
  arguments.options.shard_bytes = arguments.shard_mib << 20;
  if (arguments.on_error == "skip") arguments.options.on_error = data::OnError::kSkip;
  if (arguments.on_error == "fail") arguments.options.on_error = data::OnError::kFail;
  const std::vector<pack::PackSplit> splits = splits_asked_for(arguments, std::move(all_splits));
  const std::vector<pack::PackedSplit> packed = [&] {
    ProgressLine line(progress_line);
    return pack::pack(splits, arguments.out, arguments.options,
                      [&](const pack::PackProgress& progress) {
                        line.show(shown(progress.split), progress.images, progress.of);
                      });
  }();
  if (arguments.json) {
    fmt::print("{}\n", json_text(packed_json(packed), 2));
    return ExitCode::kDone;
  }
  for (const pack::PackedSplit& split : packed) print_packed(split);
  const auto& val = packed.size() > 1 ? packed[1].name : packed[0].name;
  fmt::print(
      "Train on them with data.format=shards data.root={} data.train={} data.val={}{}\n",
      shown(arguments.out), shown(packed[0].name), shown(val),
      splits[0].dataset->is_multilabel()
          ? fmt::format(" task=multilabel \"data.labels='{{split}}{}'\"", data::kLabelsFileEnd)
          : "");
  return ExitCode::kDone;
}

ExitCode data_pack(const PackArguments& arguments) {
  if (!arguments.overrides.empty())
    throw ConfigError(fmt::format("\"{}\": overrides are for a config, and {} is none",
                                  arguments.overrides[0], arguments.source));
  std::vector<pack::PackSplit> splits;
  for (const data::FoundSplit& found : data::find_splits(arguments.source))
    splits.push_back({found.name, data::open_dataset(found.options, found.split)});
  return write_pack(arguments, std::move(splits), {.elsewhere = true});
}

ExitCode data_index(const DataIndexArguments& arguments) {
  const std::vector<fs::path> shards = shards_at(arguments.path);
  std::atomic<int64_t> samples{0}, written{0};
  parallel_for(std::ssize(shards), usable_cpus(), [&](int64_t i) {
    const fs::path& shard = shards[size_t(i)];
    if (!arguments.force && is_indexed(shard)) return;
    samples += shards::write_index(shard);
    ++written;
  });
  fmt::print("{} of {} indexes written, for {} images; the others are there already\n",
             written.load(), shards.size(), human_count(samples.load()));
  return ExitCode::kDone;
}

}  // namespace stoker::app
