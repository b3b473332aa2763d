#include "stoker/data/table.h"

#include <spdlog/spdlog.h>

#include <array>
#include <limits>

#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/data/cached.h"
#include "stoker/data/cifar.h"
#include "stoker/data/csv.h"
#include "stoker/data/idx.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/shapes.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

fs::path root_of(const DataOptions& options) {
  if (!options.root.empty()) return options.root;
  throw DataError(fmt::format(
      "data.root is not set: the format {} needs the folder of the data set. `stoker data get "
      "cifar10` fetches one; the format shapes needs none",
      options.format));
}

// The file or folder of a split.
fs::path place(const DataOptions& options, Split split) {
  return root_of(options) / (split == Split::kTrain ? options.train : options.val);
}

// For sets whose own files are the splits: which of the two the word in the options means.
Split own_split(const DataOptions& options, Split split) {
  const std::string& word = split == Split::kTrain ? options.train : options.val;
  if (word == "train") return Split::kTrain;
  if (word == "val" || word == "test") return Split::kVal;
  throw ConfigError(fmt::format("data.{}: the format {} has the splits train and test, not \"{}\"",
                                split == Split::kTrain ? "train" : "val", options.format, word));
}

// Where the classes are taken from: the training data, so that val has the same labels whatever
// classes it lacks. Where only val is there, as on a machine that only evaluates, from val.
fs::path place_of_classes(const fs::path& train, const fs::path& val, Split split) {
  if (split == Split::kTrain || fs::exists(train) || !fs::exists(val)) return train;
  log().warn("{} is not there: the classes are those of {}", train.string(), val.string());
  return val;
}

std::shared_ptr<const Dataset> open_folder(const DataOptions& options, Split split) {
  const fs::path classes =
      place_of_classes(place(options, Split::kTrain), place(options, Split::kVal), split);
  return open_image_folder(place(options, split), list_classes(classes));
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

std::shared_ptr<const Dataset> open_manifest(const DataOptions& options, Split split) {
  const fs::path classes =
      place_of_classes(manifest(options, Split::kTrain), manifest(options, Split::kVal), split);
  return open_csv(manifest(options, split), csv_classes(classes));
}

std::shared_ptr<const Dataset> open_tar_shards(const DataOptions& options, Split split) {
  const bool train = split == Split::kTrain;
  return open_shards(find_shards(root_of(options), train ? options.train : options.val,
                                 train ? "data.train" : "data.val"));
}

std::shared_ptr<const Dataset> open_shapes(const DataOptions& options, Split split) {
  return make_shapes_dataset(
      {.images = split == Split::kTrain ? options.shapes_train_images : options.shapes_val_images,
       .size = static_cast<int32_t>(options.shapes_size),
       .seed = static_cast<uint64_t>(options.shapes_seed),
       .classes = options.shapes_classes,
       .split = split});
}

}  // namespace

std::span<const Format> formats() {
  static constexpr std::array kFormats{
      Format{"image_folder", "one sub-folder of images per class", open_folder, true},
      Format{"cifar", "CIFAR-10 or CIFAR-100 in their binary version", open_cifar_files, false},
      Format{"idx", "MNIST's files, plain or gzipped", open_idx_files, false},
      Format{"csv", "a manifest with the columns path and label", open_manifest, true},
      Format{"shards", "WebDataset tar files, as `stoker data pack` writes them", open_tar_shards,
             true},
      Format{"shapes", "procedural figures, made on the fly", open_shapes, true},
  };
  return kFormats;
}

const Format& find_format(std::string_view name) {
  for (const Format& format : formats())
    if (format.name == name) return format;
  throw ConfigError(fmt::format("data.format: no such format: {}", name));
}

int64_t cache_bytes(const Format& format, const DataOptions& options, const Dataset& dataset) {
  if (options.cache == Cache::kNone || !format.gains_from_cache || !dataset.gains_from_cache())
    return 0;
  const int64_t estimate = decoded_bytes_estimate(dataset, decode_limits(options));
  const double limit = options.cache_limit_gib * (1 << 30);
  const bool fits = static_cast<double>(estimate) <= limit;
  return options.cache == Cache::kMemory || fits ? estimate : 0;
}

std::shared_ptr<const Dataset> open_dataset(const DataOptions& options, Split split) {
  const Format& format = find_format(options.format);
  std::shared_ptr<const Dataset> dataset = format.open(options, split);
  const int64_t estimate = cache_bytes(format, options, *dataset);
  if (estimate == 0) return dataset;
  const int64_t limit = options.cache == Cache::kMemory
                            ? std::numeric_limits<int64_t>::max()
                            : static_cast<int64_t>(options.cache_limit_gib * (1 << 30));
  return keep_decoded(std::move(dataset), decode_limits(options), limit, estimate);
}

}  // namespace stoker::data
