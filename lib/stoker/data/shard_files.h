// Which shards a word of the config means.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stoker::data {

// Below `root`: a pattern ("train-*.tar"), a range ("train-{000000..000146}.tar", each must be
// there), a file, a folder of shards, or the part of the names before the number ("train"). Sorted.
// `key` is the key of the config, for messages. Throws DataError that says what is there instead.
std::vector<std::filesystem::path> find_shards(const std::filesystem::path& root,
                                               const std::string& word, std::string_view key);

// The parts before the numbers of the shards' names in a folder: "train" and "val" for
// train-000000.tar, train-000001.tar, val-000000.tar. Sorted; empty where no shards are.
std::vector<std::string> shard_names(const std::filesystem::path& folder);

}  // namespace stoker::data
