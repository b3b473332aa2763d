#include "command_line/data_pack.h"

#include <filesystem>
#include <limits>
#include <memory>

#include "command_line/declare.h"

namespace stoker::app {
namespace {

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
  verb->add_option("--seed", arguments.options.seed, "Of the shuffle")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
}

}  // namespace

void add_pack(CLI::App& parent, Action& action, const DataBodies& bodies) {
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
  const Body<PackArguments> either = [bodies](const PackArguments& parsed) {
    const std::filesystem::path source(parsed.source);
    const bool is_config = source.extension() == ".yaml" || source.extension() == ".yml";
    return is_config ? bodies.pack_config(parsed) : bodies.pack(parsed);
  };
  set_body(*verb, action, arguments, either);
}

void add_index(CLI::App& parent, Action& action, const DataBodies& bodies) {
  CLI::App* verb = parent.add_subcommand("index", "Write the index beside each tar shard");
  auto arguments = std::make_shared<DataIndexArguments>();
  verb->add_option("path", arguments->path, "A folder of .tar shards, or one shard")->required();
  verb->add_flag("--force", arguments->force, "Write those again that are there and fit");
  verb->footer("Example:\n  stoker data index /data/imagenet-wds");
  set_body(*verb, action, arguments, bodies.index);
}

}  // namespace stoker::app
