#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bodies.h"
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
#include "stoker/inspect/contact_sheet.h"
#include "stoker/inspect/inspect.h"

namespace stoker::app {
namespace {

using data::FoundSplit;

// The splits at the path, or the one that was asked for.
std::vector<FoundSplit> splits_of(const DataLookArguments& arguments) {
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

// Before the work, which may take long. Whether the picture goes to standard output.
bool check_sheet(const DataLookArguments& arguments) {
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

}  // namespace

ExitCode data_get(const DataGetArguments& arguments) {
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

ExitCode make_shapes(const MakeShapesArguments& arguments) {
  const int64_t val =
      arguments.val_images > 0 ? arguments.val_images : std::max<int64_t>(arguments.images / 4, 10);
  data::write_shapes(arguments.out, {.train_images = arguments.images,
                                     .val_images = val,
                                     .size = arguments.size,
                                     .seed = arguments.seed,
                                     .most_figures = arguments.figures});
  fmt::print(
      "{} images to train on and {} to evaluate on are in {}. Train on them with {} data.root={}\n",
      human_count(arguments.images), human_count(val), shown(arguments.out),
      arguments.figures > 0
          ? "task=multilabel data.format=csv data.train=train.csv data.val=val.csv"
          : "data.format=image_folder",
      shown(arguments.out));
  return ExitCode::kDone;
}

ExitCode data_inspect(const DataLookArguments& arguments) {
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

ExitCode data_verify(const DataLookArguments& arguments) {
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

}  // namespace stoker::app
