// Image files that a user names one by one, by folder or by pattern, without labels.
#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// A word is a file, a folder (all images below it, sorted), a pattern with * ? or [ ] as shells
// have it, or "-": paths from `input`, each ended by `separator`; '\n' stands for any line ending,
// blank lines and a byte-order mark are passed over, and quotes around a line are not part of the
// path (core/lines.h). Files are taken whatever their names; one
// that is not there is found out by who reads it. Throws DataError for a folder without images and
// for a pattern that nothing matches.
std::vector<std::filesystem::path> find_images(std::span<const std::string> words,
                                               std::istream& input, char separator = '\n');

// The label of each image is its own index: what is predicted of it is matched by that.
std::shared_ptr<const Dataset> open_image_list(std::vector<std::filesystem::path> paths);

}  // namespace stoker::data
