// A folder with one sub-folder of images per class, as torchvision's ImageFolder reads it.
//
//   train/cat/1.jpg   train/cat/more/2.png   train/dog/3.jpg      classes: cat, dog
//
// Classes and files are sorted by name, byte by byte. Sub-folders are searched, links followed,
// hidden names left out. Only names are kept: 1.3 million of them take about 30 MB.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// Names of the class folders in `root`, sorted. Throws DataError if there are none.
std::vector<std::string> list_classes(const std::filesystem::path& root);

// A class folder without images is refused, or as good as none.
enum class EmptyFolders { kRefused, kPassedOver };

// classes: the labels' order; every class folder of `root` must be among them. Throws DataError for
// a root without images.
std::shared_ptr<const Dataset> open_image_folder(const std::filesystem::path& root,
                                                 std::vector<std::string> classes,
                                                 EmptyFolders empty = EmptyFolders::kRefused);
inline std::shared_ptr<const Dataset> open_image_folder(const std::filesystem::path& root) {
  return open_image_folder(root, list_classes(root));
}

}  // namespace stoker::data
