// Branches that networks train side by side and evaluate as one layer.
//
//   if (fold_branches(*model) > 0) …   // repvgg_a0: 22 blocks
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

namespace stoker::models {

class Foldable {
 public:
  virtual ~Foldable() = default;
  // Puts one layer in the place of the branches, which computes what they do in eval mode. Its
  // parameters have other names; there is no way back.
  virtual void fold() = 0;
};

// Folds what can be folded in a network that is to be evaluated from now on. Returns how many
// parts.
int64_t fold_branches(torch::nn::Module& network);

}  // namespace stoker::models
