// A data set with its labels in another order of classes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// `dataset` with the labels that `class_names` gives: class by class the same names, in whatever
// order. Classes that the data set lacks have no samples. Throws DataError listing classes of the
// data set that are not among `class_names`.
std::shared_ptr<const Dataset> relabel(std::shared_ptr<const Dataset> dataset,
                                       std::vector<std::string> class_names);

}  // namespace stoker::data
