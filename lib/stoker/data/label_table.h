// A CSV file that names several labels an image, in one of two forms: a column of labels with a
// separator between them, or a column of 0 and 1 for each class.
//
//   path,labels               path,dog,outdoors,person
//   images/a.jpg,dog|person   images/a.jpg,1,0,1
//   images/b.jpg,             images/b.jpg,0,0,0
//
// The column `path` may be called `key`, that of labels `label`. An image may have none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "stoker/data/label_sets.h"

namespace stoker::data {

struct LabelTableOptions {
  std::string separator = "|";       // between labels; a blank one is any run of blanks
  std::vector<std::string> columns;  // of 0 and 1; empty: a column of labels, or all but the path
};

struct LabelTable {
  std::vector<std::string> paths;  // as the file has them
  std::vector<int64_t> lines;      // where each stands
  LabelSets labels;                // by `classes`
  std::vector<std::string> classes;
};

// Whether a manifest is one of these rather than of one label an image (csv.h): by a column
// `labels`, or by 0 and 1 in its first row where it has no column `label`. Throws DataError where
// there is no file.
bool names_several_labels(const std::filesystem::path& path);

// The labels as they are written, each once. Throws as read_label_table().
std::set<std::string> written_labels(const std::filesystem::path& path,
                                     const LabelTableOptions& options);

// classes: those that labels may be of, in their order. Empty: those of the file, which are the
// columns in their order, or the sorted names, or "0" to the largest number where all are class
// numbers. Throws DataError with file and line, for a label that is not among them too.
LabelTable read_label_table(const std::filesystem::path& path, const LabelTableOptions& options,
                            std::vector<std::string> classes = {});

}  // namespace stoker::data
