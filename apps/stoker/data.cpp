#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "data_pack.h"
#include "data_report.h"
#include "progress_line.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/core/output.h"
#include "stoker/core/shown.h"
#include "stoker/core/text.h"
#include "stoker/data/guess.h"
#include "stoker/data/make_shapes.h"
#include "stoker/fetch/known_datasets.h"
#include "stoker/inspect/augment_sheet.h"
#include "stoker/inspect/contact_sheet.h"
#include "stoker/inspect/inspect.h"
#include "stoker/run/build.h"
#include "stoker/run/load.h"
#include "verb.h"

namespace stoker::app {
namespace {

using data::FoundSplit;

struct GetArguments {
  std::string name;
  std::string out;
};

ExitCode get(const GetArguments& arguments) {
  const fetch::KnownDataset& dataset = fetch::known_dataset(arguments.name);
  const std::string out = arguments.out.empty() ? "data/" + arguments.name : arguments.out;
  {
    ProgressLine line({.unit = ProgressUnit::kBytes, .elsewhere = true});
    fetch::get_dataset(dataset, out, {}, [&](const fetch::DownloadProgress& p) {
      line.show(std::string(p.name), p.done_bytes, p.total_bytes);
    });
  }
  fmt::print("{} is in {}. Train on it with data.format={} data.root={}\n", dataset.name,
             shown(out), dataset.format, shown(out));
  return ExitCode::kDone;
}

struct MakeArguments {
  std::string out = "data/shapes";
  int64_t images = 8000;
  int64_t val_images = 0;
  int64_t size = 32;
  uint64_t seed = 0;
};

ExitCode make_shapes(const MakeArguments& arguments) {
  const int64_t val =
      arguments.val_images > 0 ? arguments.val_images : std::max<int64_t>(arguments.images / 4, 10);
  data::write_shapes(arguments.out, {.train_images = arguments.images,
                                     .val_images = val,
                                     .size = arguments.size,
                                     .seed = arguments.seed});
  fmt::print(
      "{} images to train on and {} to evaluate on are in {}. Train on them with "
      "data.format=image_folder data.root={}\n",
      human_count(arguments.images), human_count(val), shown(arguments.out), shown(arguments.out));
  return ExitCode::kDone;
}

struct LookArguments {
  std::string path;
  std::string split;
  std::string sheet;
  int32_t images_per_class = 10;
  bool json = false;
  std::string augment_config;
  std::vector<std::string> overrides;
  int32_t samples = 6;
  int32_t draws = 7;
};

// The splits at the path, or the one that was asked for.
std::vector<FoundSplit> splits_of(const LookArguments& arguments) {
  std::vector<FoundSplit> splits = data::find_splits(arguments.path);
  if (arguments.split.empty()) return splits;
  std::string names;
  for (FoundSplit& split : splits) {
    if (split.name == arguments.split) return {std::move(split)};
    names += (names.empty() ? "" : ", ") + split.name;
  }
  throw ConfigError(
      fmt::format("{} has no split \"{}\"; it has {}", arguments.path, arguments.split, names));
}

// The samples of a training run as its network will see them.
ExitCode inspect_augmented(const LookArguments& arguments) {
  std::vector<std::string> overrides = arguments.overrides;
  if (!arguments.path.empty()) overrides.insert(overrides.begin(), arguments.path);
  for (const std::string& word : overrides)
    if (!is_override(word))
      throw ConfigError(fmt::format(
          "\"{}\" beside --augment is no key=value override; the data set is that of the config, "
          "and data.root=… names another",
          word));
  const std::string sheet = arguments.sheet.empty() ? "augment.png" : arguments.sheet;
  check_output("--sheet", sheet, OutputKind::kBinary);
  const auto loaded = run::load_run_config(arguments.augment_config, overrides);
  const train::Source source = run::open_source(loaded.options, data::Split::kTrain);
  const auto png = inspect::augment_sheet(source.dataset, source.pipelines, source.loader,
                                          {.samples = arguments.samples, .draws = arguments.draws});
  write_output("--sheet", sheet, png);
  if (!is_standard_output(sheet)) fmt::print("augmented samples: {}\n", shown(sheet));
  return ExitCode::kDone;
}

// Before the work, which may take long. Whether the picture goes to standard output.
bool check_sheet(const LookArguments& arguments) {
  if (arguments.sheet.empty()) return false;
  check_output("--sheet", arguments.sheet, OutputKind::kBinary);
  const bool is_printed = is_standard_output(arguments.sheet);
  if (is_printed && arguments.json)
    throw ConfigError("--sheet and --json cannot both go to standard output; name a file");
  return is_printed;
}

void say_notes(const data::Dataset& dataset) {
  for (const std::string& note : dataset.notes()) log().warn("{}", note);
}

// What look(report) returns, with a bar while it works.
template <class Look>
auto with_progress(const FoundSplit& split, const Look& look) {
  ProgressLine line;
  return look([&](int64_t done, int64_t of) { line.show(shown(split.name), done, of); });
}

ExitCode inspect(const LookArguments& arguments) {
  if (!arguments.augment_config.empty()) return inspect_augmented(arguments);
  if (arguments.path.empty())
    throw ConfigError(
        "no data set: expected `stoker data inspect PATH`, or `--augment CONFIG` to see what "
        "training makes of a config's images");
  if (!arguments.overrides.empty())
    throw ConfigError(fmt::format("\"{}\" after the data set: overrides need --augment CONFIG",
                                  arguments.overrides.front()));
  const bool sheet_is_printed = check_sheet(arguments);
  const bool prints = !arguments.json && !sheet_is_printed;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  const std::vector<FoundSplit> splits = splits_of(arguments);
  for (const FoundSplit& split : splits) {
    const auto dataset = data::open_dataset(split.options, split.split);
    say_notes(*dataset);
    const inspect::Inspection found = with_progress(
        split, [&](const auto& report) { return inspect::inspect(*dataset, {}, 0, report); });
    if (arguments.json)
      json.push_back(inspection_json(split, found));
    else if (prints)
      print_inspection(split, found);
  }
  if (!arguments.sheet.empty()) {
    const auto dataset = data::open_dataset(splits[0].options, splits[0].split);
    const auto png =
        inspect::contact_sheet(*dataset, {.images_per_class = arguments.images_per_class});
    write_output("--sheet", arguments.sheet, png);
    if (prints) fmt::print("contact sheet: {}\n", shown(arguments.sheet));
  }
  if (arguments.json) fmt::print("{}\n", json_text(json.size() == 1 ? json[0] : json, 2));
  return ExitCode::kDone;
}

ExitCode verify(const LookArguments& arguments) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  bool all_readable = true;
  for (const FoundSplit& split : splits_of(arguments)) {
    const auto dataset = data::open_dataset(split.options, split.split);
    say_notes(*dataset);
    const std::vector<inspect::Unreadable> unreadable = with_progress(
        split, [&](const auto& report) { return inspect::verify(*dataset, {}, 0, report); });
    all_readable = all_readable && unreadable.empty();
    if (arguments.json)
      json.push_back(verification_json(split, dataset->size(), unreadable));
    else
      print_verification(split, dataset->size(), unreadable);
  }
  if (arguments.json) fmt::print("{}\n", json_text(json.size() == 1 ? json[0] : json, 2));
  return all_readable ? ExitCode::kDone : ExitCode::kData;
}

void add_get(CLI::App& parent, Action& action) {
  CLI::App* verb = parent.add_subcommand("get", "Fetch a public data set");
  auto arguments = std::make_shared<GetArguments>();
  std::string names;
  for (const fetch::KnownDataset& dataset : fetch::known_datasets())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", dataset.name);
  verb->add_option("name", arguments->name, names)->required();
  verb->add_option("--out", arguments->out, "Folder to put it in; default: data/NAME");
  verb->footer(
      "A transfer that broke off goes on where it stopped when the command is repeated.\n"
      "Example:\n  stoker data get cifar10 --out data/cifar10");
  verb->callback([arguments, &action] { action = [arguments] { return get(*arguments); }; });
}

void add_make(CLI::App& parent, Action& action) {
  CLI::App* make = parent.add_subcommand("make", "Make a data set");
  make->require_subcommand(1);
  make->footer("Example:\n  stoker data make shapes --out data/shapes");
  CLI::App* verb = make->add_subcommand("shapes", "Ten kinds of figures as a folder of PNG files");
  auto arguments = std::make_shared<MakeArguments>();
  verb->add_option("--out", arguments->out, "Folder that does not exist yet")
      ->capture_default_str();
  verb->add_option("--images", arguments->images, "Images to train on")
      ->check(CLI::Range(int64_t{10}, int64_t{10'000'000}))
      ->capture_default_str();
  verb->add_option("--val-images", arguments->val_images,
                   "Images to evaluate on; default: a quarter of --images")
      ->check(CLI::Range(int64_t{10}, int64_t{10'000'000}));
  verb->add_option("--size", arguments->size, "Width and height in pixels")
      ->check(CLI::Range(8, 1024))
      ->capture_default_str();
  verb->add_option("--seed", arguments->seed, "Another seed draws other images")
      ->capture_default_str();
  verb->footer("Example:\n  stoker data make shapes --out data/shapes --size 64");
  verb->callback(
      [arguments, &action] { action = [arguments] { return make_shapes(*arguments); }; });
}

std::shared_ptr<LookArguments> add_look_options(CLI::App* verb) {
  auto arguments = std::make_shared<LookArguments>();
  verb->add_option("path", arguments->path,
                   "Class folders, train and val folders of those, CIFAR's or MNIST's files, .tar "
                   "shards, or a .csv manifest");
  verb->add_option("--split", arguments->split, "Only this split");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  return arguments;
}

void add_inspect(CLI::App& parent, Action& action) {
  CLI::App* verb = parent.add_subcommand("inspect", "What a data set holds");
  const auto arguments = add_look_options(verb);
  verb->add_option("--sheet", arguments->sheet,
                   "Write a contact sheet of the first split, a PNG; - is standard output");
  verb->add_option("--per-class", arguments->images_per_class, "Images a class on the sheet")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->add_option(
      "--augment", arguments->augment_config,
      "Instead of a path: a config, whose training images are drawn several times each "
      "as the network will see them, into --sheet (default: augment.png)");
  verb->add_option("overrides", arguments->overrides, "With --augment: key=value for the config");
  verb->add_option("--samples", arguments->samples, "With --augment: rows of the sheet")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->add_option("--draws", arguments->draws, "With --augment: epochs a row")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  stoker data inspect data/photos --sheet photos.png\n"
      "  stoker data inspect --augment configs/cifar10.yaml data.root=data/cifar10-jpeg");
  verb->callback([arguments, &action] { action = [arguments] { return inspect(*arguments); }; });
}

void add_verify(CLI::App& parent, Action& action) {
  CLI::App* verb =
      parent.add_subcommand("verify", "Decode every image and list what cannot be read");
  const auto arguments = add_look_options(verb);
  verb->get_option("path")->required();
  verb->footer(
      "Exits with 3 if anything is unreadable.\nExample:\n  stoker data verify data/photos");
  verb->callback([arguments, &action] { action = [arguments] { return verify(*arguments); }; });
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("data", "Fetch, make, inspect, verify and pack data sets");
  verb->require_subcommand(1);
  add_get(*verb, action);
  add_make(*verb, action);
  add_inspect(*verb, action);
  add_verify(*verb, action);
  add_pack(*verb, action);
  add_index(*verb, action);
  verb->footer("Example:\n  stoker data inspect data/photos\nEach has a --help of its own.");
}

}  // namespace stoker::app
