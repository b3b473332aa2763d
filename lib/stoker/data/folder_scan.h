// The image files below a folder, by name only: no file is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stoker::data {

struct ScannedFolder {
  std::filesystem::path path;
  std::vector<std::string> files;  // sorted
};

// `root` and all folders below that hold images, sorted by path. Hidden names are left out, links
// followed. Throws DataError for a folder that cannot be listed and for a link to a folder above
// itself.
std::vector<ScannedFolder> scan_images(const std::filesystem::path& root);

// Names of the sub-folders of `root`, hidden ones left out, sorted. Throws DataError.
std::vector<std::string> list_folders(const std::filesystem::path& root);

}  // namespace stoker::data
