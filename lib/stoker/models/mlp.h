// A multilayer perceptron on flattened images.
//
//   auto model = build_mlp({.hidden = {256, 128}}, {.classes = 10, .height = 28, .width = 28});
#pragma once

#include <memory>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

struct MlpOptions {
  std::vector<int64_t> hidden{512, 256};  // widths of the hidden layers; empty: a linear model
  nn::Activation activation = nn::Activation::kRelu;
  double dropout = 0;       // after each activation
  bool batch_norm = false;  // before each activation
};
void describe(MlpOptions& options, config::Fields& fields);

std::shared_ptr<Model> build_mlp(const MlpOptions& options, const ModelContext& context);

}  // namespace stoker::models
