// What else changes with the batch, so that training goes on alike when measured in images.
//
//   const BatchScaling scaling{.base_batch = 256, .batch = 1024, .rule = LrRule::kLinear};
//   lr *= scaling.lr_factor();                         // 4
//   decay = scaling.per_image(decay);                  // 0.999 becomes 0.996
//   for (const std::string& line : scaling.words({.lr = 0.1, .ema_decay = 0.999})) …
//
// linear: Goyal et al., "Accurate, Large Minibatch SGD" (2017), with warmup; holds to a limit that
// the noise scale estimates. sqrt: for optimizers that divide by the gradient's own size, Malladi
// et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms" (2022).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stoker/tuning/options.h"

namespace stoker::tuning {

// Values of the recipe, as far as it has them.
struct RecipeValues {
  double lr = 0;
  std::optional<double> ema_decay = std::nullopt;
  std::optional<double> beta1 = std::nullopt, beta2 = std::nullopt;  // of Adam and AdamW
  std::optional<double> weight_decay = std::nullopt;  // AdamW's, apart from the gradient
  std::optional<int64_t> warmup_images = std::nullopt;
};

struct BatchScaling {
  int64_t base_batch = 1, batch = 1;  // effective ones
  LrRule rule = LrRule::kLinear;

  double ratio() const;      // batch / base_batch
  double lr_factor() const;  // ratio, its square root, or 1
  // A decay a step (EMA's, Adam's betas) that forgets as fast an image: decay^ratio. To first order
  // that is Malladi's 1 - ratio (1 - decay), and it stays within 0 and 1. With `none` unchanged.
  double per_image(double decay) const;
  // For a decoupled weight decay: lr * decay an image stays, so a factor of ratio / lr_factor.
  double weight_decay_factor() const;
  // Steps of the warmup that sees as many images, rounded to the nearest.
  int64_t warmup_steps(int64_t images) const;

  // A line for each value that the recipe has, with what it was and becomes; none where nothing
  // changes.
  std::vector<std::string> words(const RecipeValues& values) const;
};

}  // namespace stoker::tuning
