// Data sets whose images may have any number of labels (`task: multilabel`): a manifest, and any
// other set with the labels of a file in the place of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/data/label_table.h"

namespace stoker::data {

// The images of a manifest (label_table.h), whose paths are relative to its folder. classes: as
// read_label_table().
std::shared_ptr<const Dataset> open_multilabel_csv(const std::filesystem::path& path,
                                                   const LabelTableOptions& options,
                                                   std::vector<std::string> classes);

// Labels by Dataset::key(), of `classes` as above; lines for images that are not in the set are
// passed over. Throws DataError for an image without a line, and a key with two.
std::shared_ptr<const Dataset> labelled_by_file(std::shared_ptr<const Dataset> dataset,
                                                const std::filesystem::path& path,
                                                const LabelTableOptions& options,
                                                std::vector<std::string> classes = {});

}  // namespace stoker::data
