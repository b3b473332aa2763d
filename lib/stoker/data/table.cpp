#include "stoker/data/table.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <set>

#include "stoker/core/checked.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/core/shown.h"
#include "stoker/data/cached.h"
#include "stoker/data/cifar.h"
#include "stoker/data/class_map.h"
#include "stoker/data/csv.h"
#include "stoker/data/guess.h"
#include "stoker/data/idx.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/multilabel.h"
#include "stoker/data/shapes.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"
#include "stoker/data/shared_cache.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCifar = "cifar", kIdx = "idx", kCsv = "csv", kShards = "shards";
constexpr std::string_view kShapes = "shapes";  // the one that needs no files
constexpr std::string_view kSameSamples = "the order of samples depends on the data set";

// What to write for the data set that a folder looks like.
std::string look_of(const std::string& root) {
  try {
    const std::vector<FoundSplit> splits = find_splits(root);
    const DataOptions& first = splits.front().options;
    std::string words = fmt::format("format: {}, root: {}", first.format.name(), first.root);
    if (first.train != "train")
      words += fmt::format(", train: {}", first.train.empty() ? "." : first.train);
    const FoundSplit& last = splits.size() > 1 ? splits[1] : splits[0];
    if (splits.size() > 1 && last.options.val != "val")
      words += fmt::format(", val: {}", last.options.val);
    if (splits.size() == 1) words += ", split: {val: 0.1}";
    if (first.labels) words += fmt::format(", labels: \"{}\"", *first.labels);
    return fmt::format("{} looks like {}: write {}`data: {{{}}}`", root, first.format.name(),
                       first.multilabel ? "`task: multilabel` and " : "", words);
  } catch (const std::exception& error) {
    return fmt::format("expected one of image_folder, cifar, idx, csv and shards ({})",
                       error.what());
  }
}

fs::path root_of(const DataOptions& options) {
  if (!options.root.empty()) return options.root;
  throw ConfigError(fmt::format(
      "data.root is not set: the format {} needs the folder of the data set. `stoker data get "
      "cifar10` fetches one; the format shapes needs none",
      options.format.name()));
}

// The file or folder of a split.
fs::path place(const DataOptions& options, Split split) {
  const std::string& word = split == Split::kTrain ? options.train : options.val;
  const fs::path root = root_of(options);
  return word.empty() || word == "." ? root : root / word;
}

// Says what to write where the place of a split is not there.
void check_place(const DataOptions& options, const fs::path& path, const fs::path& train) {
  std::error_code unreachable;  // whoever opens it says why
  const auto is_there = [&](const fs::path& candidate) {
    return fs::exists(candidate, unreachable);
  };
  if (is_there(path) || unreachable || !is_there(options.root)) return;
  if (path != train && is_there(train))
    throw DataError(
        fmt::format("{}: not there. data.val names what to evaluate on; where there is no such "
                    "set, `data.split: {{val: 0.1}}` takes a tenth of data.train",
                    shown(path.string())));
  if (path == train)
    throw DataError(fmt::format("{}: not there, but data.train names it. {}", shown(path.string()),
                                look_of(options.root)));
}

// For sets whose own files are the splits: which of the two the word in the options means.
Split own_split(const DataOptions& options, Split split) {
  const std::string& word = split == Split::kTrain ? options.train : options.val;
  if (word == "train") return Split::kTrain;
  if (word == "val" || word == "test") return Split::kVal;
  throw ConfigError(fmt::format("data.{}: the format {} has the splits train and test, not \"{}\"",
                                split == Split::kTrain ? "train" : "val", options.format.name(),
                                word));
}

// Where the classes are taken from: the training data, so that val has the same labels whatever
// classes it lacks. Where only val is there, as on a machine that only evaluates, from val.
fs::path place_of_classes(const fs::path& train, const fs::path& val, Split split) {
  if (split == Split::kTrain || fs::exists(train) || !fs::exists(val)) return train;
  log().warn("{} is not there: the classes are those of {}", shown(train.string()),
             shown(val.string()));
  return val;
}

std::shared_ptr<const Dataset> open_folder(const DataOptions& options, Split split) {
  const fs::path train = place(options, Split::kTrain), val = place(options, Split::kVal);
  check_place(options, split == Split::kTrain ? train : val, train);
  const fs::path classes = place_of_classes(train, val, split);
  return open_image_folder(
      place(options, split), list_classes(classes),
      split == Split::kTrain ? EmptyFolders::kRefused : EmptyFolders::kPassedOver);
}

std::shared_ptr<const Dataset> open_cifar_files(const DataOptions& options, Split split) {
  return open_cifar(root_of(options), own_split(options, split));
}

std::shared_ptr<const Dataset> open_idx_files(const DataOptions& options, Split split) {
  return open_idx(root_of(options), own_split(options, split));
}

// `train` may stand for train.csv.
fs::path manifest(const DataOptions& options, Split split) {
  fs::path path = place(options, split);
  const fs::path with_ending = path.string() + ".csv";
  return !fs::is_regular_file(path) && fs::is_regular_file(with_ending) ? with_ending : path;
}

LabelTableOptions label_table_options(const DataOptions& options) {
  return {.separator = options.label_separator, .columns = options.label_columns};
}

std::shared_ptr<const Dataset> open_manifest(const DataOptions& options, Split split) {
  const fs::path train = manifest(options, Split::kTrain), val = manifest(options, Split::kVal);
  check_place(options, split == Split::kTrain ? train : val, train);
  const fs::path classes = place_of_classes(train, val, split);
  if (options.multilabel) {
    const LabelTableOptions form = label_table_options(options);
    return open_multilabel_csv(manifest(options, split), form,
                               read_label_table(classes, form).classes);
  }
  return open_csv(manifest(options, split), csv_classes(classes));
}

std::shared_ptr<const Dataset> open_tar_shards(const DataOptions& options, Split split) {
  const bool train = split == Split::kTrain;
  return open_shards(find_shards(root_of(options), train ? options.train : options.val,
                                 train ? "data.train" : "data.val"));
}

std::shared_ptr<const Dataset> open_shapes(const ShapesFormat& format, const DataOptions& options,
                                           Split split) {
  if (split == Split::kTrain && !options.root.empty())
    log().warn("data.root = \"{}\" is not read: data.format shapes draws its images", options.root);
  return make_shapes_dataset(
      {.images = split == Split::kTrain ? format.train_images : format.val_images,
       .size = static_cast<int32_t>(format.size),
       .seed = static_cast<uint64_t>(format.seed),
       .classes = format.classes,
       .most_figures = options.multilabel ? format.most_figures : 0,
       .split = split});
}

// Of a format that has no options of its own.
struct NoOptions {};
void describe(NoOptions&, config::Fields&) {}

using Open = std::shared_ptr<const Dataset> (*)(const DataOptions&, Split);

FormatTable::Row files(std::string_view name, std::string_view help, Open open) {
  return FormatTable::row<NoOptions>(
      name, help, [open](const NoOptions&, const DataOptions& options, Split split) {
        return open(options, split);
      });
}

}  // namespace

void describe(ShapesFormat& o, config::Fields& fields) {
  fields("train_images", o.train_images, "images to train on")
      .in(1, 1e9)
      .fixed_on_resume(kSameSamples);
  fields("val_images", o.val_images, "images to evaluate on").in(1, 1e9);
  fields("size", o.size, "width and height in pixels").in(8, 1024).fixed_on_resume(kSameSamples);
  fields("seed", o.seed, "another seed draws other images")
      .at_least(0)
      .fixed_on_resume(kSameSamples);
  fields("most_figures", o.most_figures,
         "with task: multilabel, figures in an image: from none to so many, each another")
      .in(1, 4)
      .fixed_on_resume(kSameSamples);
  fields("classes", o.classes, "how many of the ten figures occur")
      .in(2, 10)
      .fixed_on_resume(kSameSamples);
}

const FormatTable& formats() {
  static const FormatTable table{
      files("image_folder", "one sub-folder of images per class", open_folder),
      files(kCifar, "CIFAR-10 or CIFAR-100 in their binary version", open_cifar_files),
      files(kIdx, "MNIST's files, plain or gzipped", open_idx_files),
      files(kCsv, "a manifest with the columns path and label, or several labels", open_manifest),
      files(kShards, "WebDataset tar files, as `stoker data pack` writes them", open_tar_shards),
      FormatTable::row<ShapesFormat>(kShapes, "procedural figures, made on the fly", open_shapes),
  };
  return table;
}

void require_format(const DataOptions& options, std::string_view place) {
  if (!options.format.empty()) return;
  const std::string at = place.empty() ? "" : fmt::format("{}: ", place);
  if (options.root.empty())
    throw ConfigError(
        fmt::format("{}data.format is missing; say how the data set is stored and where, as in "
                    "`data: {{format: "
                    "image_folder, root: photos}}`; `data: {{format: shapes}}` needs no files.",
                    at));
  throw ConfigError(fmt::format("{}data.format is missing; {}.", at, look_of(options.root)));
}

// Where labels are from, by the task.
void check_labels(const DataOptions& options) {
  const bool has_separator = options.label_separator != DataOptions().label_separator;
  if (!options.multilabel && (options.labels || !options.label_columns.empty() || has_separator))
    throw ConfigError(fmt::format(
        "data.{} is for several labels an image: expected task: multilabel beside it, or the key "
        "left out.",
        options.labels                   ? "labels"
        : !options.label_columns.empty() ? "label_columns"
                                         : "label_separator"));
  if (!options.label_columns.empty() && has_separator)
    throw ConfigError(
        "data.label_columns and data.label_separator are for two forms of a file; leave one out.");
  const std::string& format = options.format.name();
  if (format == kShapes && !options.labels && (!options.label_columns.empty() || has_separator))
    throw ConfigError(
        "data.label_columns and data.label_separator say how a file is read, and shapes has none; "
        "leave them out.");
  if (!options.multilabel || options.labels || format == kCsv || format == kShapes) return;
  throw ConfigError(
      fmt::format("data.format: {} knows one label an image, and task is multilabel: name a CSV "
                  "file of labels in data.labels, or use the format csv (docs/multilabel.md).",
                  format));
}

void check_options(const DataOptions& options) {
  require_format(options);
  check_labels(options);
  const bool has_part = options.fold || options.split.val > 0;
  if (options.fold && options.split.val > 0)
    throw ConfigError(fmt::format(
        "data.fold is {} and data.split.val is {:g}, and each says what validation is; leave one "
        "out.",
        *options.fold, options.split.val));
  if (options.fold) parse_fold(*options.fold);
  check_class_map(options.ignore_classes, options.merge_classes);
  cache_limit_bytes(options);
  prefetch_bytes(options);
  if (options.format.name() != kShapes) root_of(options);
  if (options.format.name() != kCifar && options.format.name() != kIdx) return;
  own_split(options, Split::kTrain);
  if (!has_part) own_split(options, Split::kVal);
}

int64_t prefetch_bytes(const DataOptions& options) {
  return checked_multiply("data.prefetch_mib", options.prefetch_mib, int64_t{1} << 20);
}

int64_t cache_bytes(const DataOptions& options, const Dataset& dataset) {
  if (options.cache == Cache::kNone || !dataset.gains_from_cache()) return 0;
  const int64_t estimate = decoded_bytes_estimate(dataset, decode_limits(options));
  if (options.cache == Cache::kMemory) return estimate;
  const int64_t limit = cache_limit_bytes(options);
  if (options.cache == Cache::kShared) return std::min(estimate, limit);
  return estimate <= limit ? estimate : 0;
}

namespace {

struct Opened {
  std::shared_ptr<const Dataset> dataset;
  int64_t of_images;  // of which it is a part
};

// `{split}` in data.labels stands for the word of data.train or data.val.
fs::path label_file(const DataOptions& options, const std::string& word) {
  constexpr std::string_view kSplit = "{split}";
  std::string file = *options.labels;
  if (const size_t at = file.find(kSplit); at != std::string::npos)
    file.replace(at, kSplit.size(), word);
  return root_of(options) / file;
}

// What labels may be of, in their order: those that the file of training has, or of shards whose
// own list has them all that list, so that packing changes neither order nor number of classes.
std::vector<std::string> classes_of_labels(const DataOptions& options, const Dataset& dataset,
                                           const fs::path& file) {
  const LabelTableOptions form = label_table_options(options);
  const std::vector<std::string>& own = dataset.class_names();
  if (options.format.name() == kShards && form.columns.empty()) {
    const std::set<std::string> listed(own.begin(), own.end());
    if (std::ranges::includes(listed, written_labels(file, form))) return own;
  }
  return read_label_table(file, form).classes;
}

// As stored, with the labels that the options name.
std::shared_ptr<const Dataset> open_labelled(const DataOptions& options, Split split) {
  std::shared_ptr<const Dataset> dataset = formats().build(options.format, options, split);
  if (!options.labels) return dataset;
  const fs::path train = label_file(options, options.train);
  const fs::path own = split == Split::kTrain ? train : label_file(options, options.val);
  std::vector<std::string> classes =
      classes_of_labels(options, *dataset, place_of_classes(train, own, split));
  return labelled_by_file(std::move(dataset), own, label_table_options(options),
                          std::move(classes));
}

Opened open_uncached(const DataOptions& options, Split split) {
  const auto mapped = [&](const std::shared_ptr<const Dataset>& dataset) {
    return map_classes(dataset, options.ignore_classes, options.merge_classes,
                       /*may_lack=*/split == Split::kVal);
  };
  if (!options.fold && options.split.val == 0) {
    std::shared_ptr<const Dataset> dataset = open_labelled(options, split);
    return {mapped(dataset), dataset->size()};
  }
  std::optional<Fold> fold;
  if (options.fold) fold = parse_fold(*options.fold);
  if (split == Split::kTrain)
    log().info("{}: validation is a part of data.train; data.val is not read",
               fold ? "data.fold" : "data.split");
  std::shared_ptr<const Dataset> all = open_labelled(options, Split::kTrain);
  return {part_of(mapped(all), options.split, fold, split), all->size()};
}

}  // namespace

std::shared_ptr<const Dataset> open_dataset(const DataOptions& options, Split split) {
  check_options(options);
  auto [dataset, of_images] = open_uncached(options, split);
  const int64_t estimate = cache_bytes(options, *dataset);
  if (estimate == 0) return dataset;
  if (options.cache == Cache::kShared || options.is_shared_by_ranks)
    return keep_decoded_shared(std::move(dataset), decode_limits(options),
                               shared_cache_place(options, split, of_images), estimate);
  const int64_t limit = options.cache == Cache::kMemory ? std::numeric_limits<int64_t>::max()
                                                        : cache_limit_bytes(options);
  return keep_decoded(std::move(dataset), decode_limits(options), limit, estimate);
}

}  // namespace stoker::data
