// `data pack` and `data index`.
#include "data_pack.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "progress_line.h"
#include "stoker/core/cpu.h"
#include "stoker/core/json_text.h"
#include "stoker/core/parallel.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/guess.h"
#include "stoker/data/shard_files.h"
#include "stoker/pack/pack.h"
#include "stoker/run/load.h"
#include "stoker/shards/shard.h"

namespace stoker::app {
namespace {

namespace fs = std::filesystem;

struct PackArguments {
  std::string source, out, split;
  std::vector<std::string> overrides;
  pack::PackOptions options;
  int64_t shard_mib = 256;
  std::string on_error;
  bool json = false;
  bool bar = true;  // log.progress of a config
};

bool is_config(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

std::vector<pack::PackSplit> splits_of_config(PackArguments& arguments) {
  const run::RunConfig config = run::load_run_config(arguments.source, arguments.overrides).options;
  arguments.bar = config.log.progress;
  data::DataOptions data = config.data;
  data.cache = data::Cache::kNone;
  arguments.options.on_error = data.on_error;
  arguments.options.limits = data::decode_limits(data);
  if (data.threads) arguments.options.threads = int(*data.threads);
  return {{"train", data::open_dataset(data, data::Split::kTrain)},
          {"val", data::open_dataset(data, data::Split::kVal)}};
}

std::vector<pack::PackSplit> splits_of_folder(const PackArguments& arguments) {
  if (!arguments.overrides.empty())
    throw ConfigError(fmt::format("\"{}\": overrides are for a config, and {} is none",
                                  arguments.overrides[0], arguments.source));
  std::vector<pack::PackSplit> splits;
  for (const data::FoundSplit& found : data::find_splits(arguments.source))
    splits.push_back({found.name, data::open_dataset(found.options, found.split)});
  return splits;
}

std::vector<pack::PackSplit> splits_of(PackArguments& arguments) {
  std::vector<pack::PackSplit> splits =
      is_config(arguments.source) ? splits_of_config(arguments) : splits_of_folder(arguments);
  if (arguments.on_error == "skip") arguments.options.on_error = data::OnError::kSkip;
  if (arguments.on_error == "fail") arguments.options.on_error = data::OnError::kFail;
  if (arguments.split.empty()) return splits;
  std::string names;
  for (pack::PackSplit& split : splits) {
    if (split.name == arguments.split) return {std::move(split)};
    names += (names.empty() ? "" : ", ") + split.name;
  }
  throw ConfigError(
      fmt::format("{} has no split \"{}\"; it has {}", arguments.source, arguments.split, names));
}

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
  for (const std::string& reason : split.skipped) fmt::print("    {}\n", shown(reason));
}

nlohmann::ordered_json packed_json(const std::vector<pack::PackedSplit>& splits) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const pack::PackedSplit& split : splits)
    json.push_back({{"split", split.name},
                    {"images", split.images},
                    {"shards", split.shards},
                    {"source_bytes", split.source_bytes},
                    {"packed_bytes", split.packed_bytes},
                    {"shard_bytes", split.shard_bytes},
                    {"skipped", split.skipped}});
  return json;
}

ExitCode run_pack(PackArguments arguments) {
  arguments.options.shard_bytes = arguments.shard_mib << 20;
  const std::vector<pack::PackSplit> splits = splits_of(arguments);
  const std::vector<pack::PackedSplit> packed = [&] {
    ProgressLine line({.bar = arguments.bar, .elsewhere = true});
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
  fmt::print("Train on them with data.format=shards data.root={} data.train={} data.val={}\n",
             shown(arguments.out), shown(packed[0].name), shown(val));
  return ExitCode::kDone;
}

struct IndexArguments {
  std::string path;
  bool force = false;
};

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
    return false;  // written anew
  }
}

ExitCode run_index(const IndexArguments& arguments) {
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

void add_size_options(CLI::App* verb, PackArguments& arguments) {
  pack::ConvertOptions& convert = arguments.options.convert;
  auto* short_side = verb->add_option("--short-side", convert.short_side,
                                      "Shrink larger images to this short side, in pixels");
  short_side->check(CLI::Range(1, 65536));
  verb->add_option("--long-side", convert.long_side, "The same by the long side")
      ->check(CLI::Range(1, 65536))
      ->excludes(short_side);
  auto* quality = verb->add_option(
      "--quality", convert.quality,
      "Encode every image as JPEG of this quality; default: only what is shrunk, at 90");
  quality->check(CLI::Range(1, 100));
  verb->add_flag("--raw", convert.raw, "Store pixels (.npy): no decoding, much more space")
      ->excludes(quality);
  verb->add_flag("--keep-bytes", convert.keep_bytes,
                 "Copy JPEGs that are not shrunk byte by byte; default: the same pixels, written "
                 "so that parts of them are read quickly");
}

void add_shard_options(CLI::App* verb, PackArguments& arguments) {
  auto* size = verb->add_option("--shard-mib", arguments.shard_mib, "About this size of a shard");
  size->check(CLI::Range(1, 1 << 20))->capture_default_str();
  verb->add_option("--shards", arguments.options.shards, "This many shards a split instead")
      ->check(CLI::Range(1, 1'000'000))
      ->excludes(size);
  verb->add_flag("--shuffle", arguments.options.shuffle,
                 "Mix the order, for readers that go through shards from end to end; stoker mixes "
                 "over all shards in any case");
  verb->add_option("--seed", arguments.options.seed, "Of the shuffle")->capture_default_str();
}

}  // namespace

void add_pack(CLI::App& parent, Action& action) {
  CLI::App* verb = parent.add_subcommand("pack", "Write a data set as WebDataset tar shards");
  auto arguments = std::make_shared<PackArguments>();
  verb->add_option("source", arguments->source, "A config, or whatever `data inspect` understands")
      ->required();
  verb->add_option("out", arguments->out, "Folder that does not exist yet")->required();
  verb->add_option("overrides", arguments->overrides, "For a config, such as data.root=photos")
      ->option_text("[key=value ...]");
  add_size_options(verb, *arguments);
  add_shard_options(verb, *arguments);
  verb->add_option("--split", arguments->split, "Only this split");
  verb->add_option("--on-error", arguments->on_error,
                   "An image that cannot be read ends it (fail), or is left out and listed (skip)")
      ->check(CLI::IsMember({"fail", "skip"}));
  verb->add_option("--threads", arguments->options.threads, "Default: all usable processors")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--json", arguments->json, "Print the summary as JSON");
  verb->footer(
      "The folder appears when everything is in it.\n"
      "Examples:\n"
      "  stoker data pack photos packed --long-side 340\n"
      "  stoker data pack photos pixels --long-side 340 --raw\n"
      "  stoker data pack configs/image_folder.yaml packed data.root=photos");
  verb->callback([arguments, &action] { action = [arguments] { return run_pack(*arguments); }; });
}

void add_index(CLI::App& parent, Action& action) {
  CLI::App* verb = parent.add_subcommand("index", "Write the index beside each tar shard");
  auto arguments = std::make_shared<IndexArguments>();
  verb->add_option("path", arguments->path, "A folder of .tar shards, or one shard")->required();
  verb->add_flag("--force", arguments->force, "Write those again that are there and fit");
  verb->footer("Example:\n  stoker data index /data/imagenet-wds");
  verb->callback([arguments, &action] { action = [arguments] { return run_index(*arguments); }; });
}

}  // namespace stoker::app
