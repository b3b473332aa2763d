// A manifest: a CSV file with a header that names the columns `path` and `label`, in any order and
// case.
//
//   path,label
//   images/a.jpg,cat
//   "images/b, large.jpg",dog
//
// Paths are relative to the folder of the CSV file. Labels are class names, or class numbers when
// all of them are whole numbers. Other columns are ignored.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// The classes that the labels of a manifest name: sorted names, or "0" to the largest number.
std::vector<std::string> csv_classes(const std::filesystem::path& path);

// classes: the labels' order; a label that is not among them is a DataError with file and line.
std::shared_ptr<const Dataset> open_csv(const std::filesystem::path& path,
                                        std::vector<std::string> classes);

}  // namespace stoker::data
