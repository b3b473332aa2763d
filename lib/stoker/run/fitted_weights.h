// Weights of another tool, or for other images, as a model takes them.
//
//   FittedWeights fitted = fit_weights(model, std::move(tensors));
//   weights::load_state_dict(model, fitted.tensors);
#pragma once

#include <string>
#include <vector>

#include "stoker/models/model.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::run {

struct FittedWeights {
  weights::NamedTensors tensors;
  std::string prefix;                 // taken off all names (weights/foreign_names.h); mostly ""
  std::string dialect;                // whose names they were (weights/dialects.h); "": the model's
  std::vector<std::string> left_out;  // tensors of the file that are no weights of the network
  std::vector<std::string> changes;   // "pos_embed from [1, 197, 192] to [1, 101, 192]"
};

// Takes off prefixes, renames, resizes embeddings of positions, fits the first convolution to the
// images' channels and drops or adds dimensions of 1. What still does not fit stays as it is, for
// load_state_dict() to report.
FittedWeights fit_weights(const models::Model& model, weights::NamedTensors tensors);

}  // namespace stoker::run
