// A data set of which some classes are left out, and others are one.
//
//   data: {ignore_classes: [unclear], merge_classes: ["bird = robin, wren", "other = van"]}
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// What a list of classes is refused for whatever the data set: an entry of `merge` that is none,
// and a class that is named twice. Throws ConfigError.
void check_class_map(const std::vector<std::string>& ignore, const std::vector<std::string>& merge);

// ignore: names of classes whose samples are left out, and the classes with them. merge: entries
// "new = old, old, …"; a new name may be an old one's. A merged class stands where the first of its
// classes stood. Throws ConfigError for an entry that is none, a class that is named twice, one
// that the data set lacks (unless it may_lack some, as a validation set does), and where no sample
// is left.
std::shared_ptr<const Dataset> map_classes(std::shared_ptr<const Dataset> dataset,
                                           const std::vector<std::string>& ignore,
                                           const std::vector<std::string>& merge,
                                           bool may_lack = false);

}  // namespace stoker::data
