// What is odd about the data sets of a training run, found before it begins.
//
// Refused (DataError): images of fewer than two classes. Warned of, each once: classes without
// images, classes whose names differ by case or surrounding space alone, images that validation
// shares with training, images with two labels, and what opening passed over (Dataset::notes).
#pragma once

#include "stoker/data/dataset.h"

namespace stoker::data {

// `val` has its labels by the classes of `train`. Takes a look at all names: about a microsecond a
// sample.
void check_sets(const Dataset& train, const Dataset& val);

// The part of it that concerns the classes of the training set alone.
void check_training_set(const Dataset& train);

}  // namespace stoker::data
