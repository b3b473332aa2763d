// Gradual unfreezing, for fine-tuning: the classifier learns alone at first, so that its random
// beginning does not spoil the weights below it (Kumar et al., "Fine-Tuning can Distort Pretrained
// Features", ICLR 2022), then the layers join it from the top down (Howard and Ruder, "Universal
// Language Model Fine-tuning", ACL 2018, section 3.3).
//
// Layers are those of Model::layers(). What does not learn yet is not moved, and its batch norms
// keep their statistics. model.freeze is heeded: what it names never learns.
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/train/events.h"

namespace stoker::algorithms {

struct UnfreezingOptions {
  double head_epochs = 1;
  double every_epochs = 0;
};
void describe(UnfreezingOptions& options, config::Fields& fields);

// Throws ConfigError for a model of one layer.
std::unique_ptr<train::Algorithm> make_unfreezing(const UnfreezingOptions& options,
                                                  train::State& state);

}  // namespace stoker::algorithms
