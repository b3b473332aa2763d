// The image files below a folder, by name only: no file is opened.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stoker::data {

struct ScannedFolder {
  std::filesystem::path path;
  std::vector<std::string> files;     // sorted
  std::vector<std::string> not_read;  // images by their names, in formats that stoker does not read
};

// `root` and all folders below that hold images of any format, sorted by path. Hidden names are
// left out, links followed. Throws DataError for a folder that cannot be listed and for a link to a
// folder above itself.
std::vector<ScannedFolder> scan_images(const std::filesystem::path& root);

// How many image files lie in `folder` itself.
int64_t count_images_in(const std::filesystem::path& folder);

// Names of the sub-folders of `root`, hidden ones left out, sorted. Throws DataError.
std::vector<std::string> list_folders(const std::filesystem::path& root);

}  // namespace stoker::data
