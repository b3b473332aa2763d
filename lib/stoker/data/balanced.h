// A training set whose rare classes come as often as its frequent ones.
//
//   data: {format: image_folder, root: photos, balance: 1}
#pragma once

#include <memory>

#include "stoker/data/dataset.h"

namespace stoker::data {

// Repeats the samples of rarer classes: a class of n_c samples, where the largest has n_max, is
// seen round(n_c (n_max / n_c)^balance) times an epoch, each of its samples as often as any other
// of them or once more. balance in [0, 1]: 0 leaves the set as it is, 1 makes all classes alike,
// 0.5 lies between. A repeated sample is one more sample of the epoch, with a place in the order
// and draws of augmentation of its own, so nothing but the position tells where an epoch stands.
std::shared_ptr<const Dataset> balanced(std::shared_ptr<const Dataset> dataset, double balance);

}  // namespace stoker::data
