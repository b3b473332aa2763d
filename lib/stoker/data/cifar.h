// CIFAR-10 and CIFAR-100 in the binary version of their authors (cifar-10-batches-bin,
// cifar-100-binary): records of one or two label bytes and 3,072 bytes of red, green, blue planes.
// CIFAR-100 gives its fine labels. Which of the two a folder holds is told by its file names.
#pragma once

#include <filesystem>
#include <memory>

#include "stoker/data/dataset.h"

namespace stoker::data {

// root: the folder of the files, or the one above it. Throws DataError naming what is missing.
std::shared_ptr<const Dataset> open_cifar(const std::filesystem::path& root, Split split);

// Whether the files of either set are there.
bool is_cifar(const std::filesystem::path& root);

}  // namespace stoker::data
