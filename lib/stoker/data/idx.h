// MNIST and its kin: grayscale images and labels in IDX files, plain or gzipped
// (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…).
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/data/dataset.h"

namespace stoker::data {

// root: the folder of the files, or one with them in MNIST/raw or raw. Throws DataError naming the
// file, the offset and what was expected.
std::shared_ptr<const Dataset> open_idx(const std::filesystem::path& root, Split split);

bool is_idx(const std::filesystem::path& root);

}  // namespace stoker::data
