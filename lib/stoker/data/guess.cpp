#include "stoker/data/guess.h"

#include <algorithm>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"
#include "stoker/data/cifar.h"
#include "stoker/data/folder_scan.h"
#include "stoker/data/idx.h"
#include "stoker/data/label_table.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"
#include "stoker/data/split_names.h"
#include "stoker/data/table.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;

FoundSplit found(std::string name, std::string_view format, const fs::path& root, std::string train,
                 std::string val, Split split) {
  FoundSplit result{std::move(name), {}, split};
  result.options.format = formats().pick(format);
  result.options.root = root.string();
  result.options.train = std::move(train);
  result.options.val = std::move(val);
  result.options.cache = Cache::kNone;
  return result;
}

bool is_manifest(const fs::path& path) { return lower_case(path.extension().string()) == ".csv"; }

std::vector<FoundSplit> own_files(const std::string& format, const fs::path& path) {
  return {found("train", format, path, "train", "test", Split::kTrain),
          found("test", format, path, "train", "test", Split::kVal)};
}

// Sub-folders that are splits by their names and hold class folders, those to train on first.
std::vector<std::string> split_folders(const fs::path& path, std::vector<std::string> folders) {
  std::erase_if(folders, [&](const std::string& name) {
    return !split_named(name) || list_folders(path / name).empty();
  });
  std::ranges::stable_sort(folders, {}, [](const std::string& name) { return *split_named(name); });
  return folders;
}

// A split for each name of shards: train-*.tar, val-*.tar; of several labels an image where
// `data pack` wrote a file of them beside.
std::vector<FoundSplit> shard_splits(const fs::path& path, const std::vector<std::string>& names) {
  std::vector<FoundSplit> result;
  result.reserve(names.size());
  for (const std::string& name : names)
    result.push_back(found(name, "shards", path, name, name, Split::kTrain));
  const auto has_labels = [&](const std::string& name) {
    return fs::is_regular_file(path / fmt::format("{}{}", name, kLabelsFileEnd));
  };
  if (!std::ranges::all_of(names, has_labels)) return result;
  for (FoundSplit& split : result) {
    split.options.multilabel = true;
    split.options.labels = fmt::format("{{split}}{}", kLabelsFileEnd);
  }
  return result;
}

FoundSplit manifest_at(const fs::path& path) {
  const std::string file = path.filename().string();
  FoundSplit result =
      found(path.stem().string(), "csv", path.parent_path().empty() ? "." : path.parent_path(),
            file, file, Split::kTrain);
  result.options.multilabel = names_several_labels(path);
  return result;
}

// Manifests that are splits by their names, train.csv and val.csv, where one is to train on.
std::vector<FoundSplit> manifest_splits(const fs::path& folder) {
  const auto split_of = [](const std::string& file) {
    return split_named(fs::path(file).stem().string());
  };
  std::vector<std::string> files = manifests_in(folder);
  std::erase_if(files, [&](const std::string& file) { return !split_of(file); });
  std::ranges::stable_sort(files, {}, [&](const std::string& file) { return *split_of(file); });
  if (files.empty() || split_of(files[0]) != NamedSplit::kTrain) return {};
  std::vector<FoundSplit> result{manifest_at(folder / files[0])};
  for (size_t i = 1; i < files.size(); ++i) {
    result.push_back(result[0]);
    result.back().name = fs::path(files[i]).stem().string();
    result.back().options.val = files[i];
    result.back().split = Split::kVal;
  }
  return result;
}

std::vector<FoundSplit> image_folders(const fs::path& path) {
  const std::vector<std::string> folders = list_folders(path);
  const std::vector<std::string> splits = split_folders(path, folders);
  if (splits.empty()) {
    // Folders are classes, unless manifests name several labels, which no folders can tell.
    std::vector<FoundSplit> manifests = manifest_splits(path);
    if (!manifests.empty() && (folders.empty() || manifests[0].options.multilabel))
      return manifests;
    if (folders.empty())
      throw DataError(fmt::format(
          "{}: no data set is there: expected class folders, train and val folders of those, "
          "CIFAR's or MNIST's files, .tar shards, train.csv, or the path of a .csv manifest",
          shown(path.string())));
    return {found(path.filename().string(), "image_folder", path, "", "", Split::kTrain)};
  }
  std::vector<FoundSplit> result;
  result.reserve(splits.size());
  for (const std::string& name : splits)
    result.push_back(found(name, "image_folder", path, splits[0], name,
                           name == splits[0] ? Split::kTrain : Split::kVal));
  return result;
}

}  // namespace

std::vector<std::string> manifests_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code unreadable;  // as good as none
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable))
    if (is_manifest(entry.path()) && entry.is_regular_file(unreadable))
      names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::vector<FoundSplit> find_splits(const fs::path& path) {
  if (fs::is_regular_file(path) && is_manifest(path)) return {manifest_at(path)};
  if (fs::is_regular_file(path) && path.extension() == ".tar") {
    const std::string file = path.filename().string();
    return {found(path.stem().string(), "shards",
                  path.parent_path().empty() ? "." : path.parent_path(), file, file,
                  Split::kTrain)};
  }
  if (!fs::is_directory(path))
    throw DataError(fmt::format("{}: {}", shown(path.string()),
                                fs::exists(path)
                                    ? "neither a folder, nor a .tar shard, nor a .csv manifest"
                                    : "no such file or folder"));
  if (is_cifar(path)) return own_files("cifar", path);
  if (is_idx(path)) return own_files("idx", path);
  if (const auto names = shard_names(path); !names.empty()) return shard_splits(path, names);
  return image_folders(path);
}

}  // namespace stoker::data
