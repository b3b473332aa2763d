// Which format a path holds and which splits, from the names found there.
//
//   for (const FoundSplit& split : find_splits("data/photos"))
//     inspect(*open_dataset(split.options, split.split));
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/data/options.h"

namespace stoker::data {

struct FoundSplit {
  std::string name;  // "train", "val", "test"; the folder's or file's own name where it is alone
  DataOptions options;
  Split split = Split::kTrain;
};

// Understands a folder of class folders; a folder of train, val and test of those; CIFAR's and
// MNIST's files; .tar shards; a .csv manifest, or train.csv and val.csv in a folder, of one label
// an image or of several. Without a cache. Throws DataError that says what was looked for.
std::vector<FoundSplit> find_splits(const std::filesystem::path& path);

// Names of the .csv files that lie in a folder, sorted; none where it is no folder.
std::vector<std::string> manifests_in(const std::filesystem::path& folder);

}  // namespace stoker::data
