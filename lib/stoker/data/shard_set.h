// WebDataset shards as one data set with random access: tar files of images, class numbers and an
// index beside each (shards/shard.h).
//
//   train-000000.tar  train-000000.tar.idx  train-000001.tar  …  classes.txt
//
// Every sample is reached at once, so the order of an epoch is the keyed permutation over all
// shards and a run goes on at any step: no shuffle buffer, nothing replayed. Shards without an
// index are indexed in memory by a pass over their headers. Content is mapped, plain pixels (.npy)
// are used where they lie.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// Class names, one a line, in the folder of the shards; without the file classes are called "0",
// "1"…
inline constexpr std::string_view kClassesFile = "classes.txt";

// What is added to the name of a split for its file of labels (label_table.h) beside the shards,
// where images have several.
inline constexpr std::string_view kLabelsFileEnd = "-labels.csv";

// Throws DataError for what Shard::open refuses, for labels that classes.txt does not name, for
// folders whose classes.txt differ.
std::shared_ptr<const Dataset> open_shards(std::span<const std::filesystem::path> shards);

// The names in `folder`/classes.txt; none without the file. Throws DataError for empty or repeated
// names.
std::vector<std::string> read_class_names(const std::filesystem::path& folder);

}  // namespace stoker::data
