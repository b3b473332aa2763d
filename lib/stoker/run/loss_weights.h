// The weights of classes in the loss.
#pragma once

#include "stoker/data/dataset.h"
#include "stoker/losses/loss.h"
#include "stoker/train/options.h"

namespace stoker::run {

// What classes count in the loss by train.class_weights, positive_weights and balanced_loss. Throws
// ConfigError where a list does not fit the classes.
losses::LossContext build_loss_weights(const train::TrainOptions& options,
                                       const data::Dataset& train);

}  // namespace stoker::run
