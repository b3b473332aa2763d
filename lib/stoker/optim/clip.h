// Clipping of gradients: by their common norm (Pascanu et al. 2013), as
// torch.nn.utils.clip_grad_norm_ computes it; by value; or each unit's by the norm of its weights
// (adaptive gradient clipping; Brock et al., "High-performance large-scale image recognition
// without normalization", 2021, equation 3), as timm's adaptive_clip_grad does.
//
//   at::Tensor norm = clip_gradients(*optimizer, {.norm = 1.0});   // after GradScaler::unscale
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

struct AdaptiveClipOptions {
  std::optional<double> factor;  // none: no adaptive clipping
  double eps = 1e-3;
  bool head = false;
};
void describe(AdaptiveClipOptions& options, config::Fields& fields);

// One of them at most.
struct ClipOptions {
  std::optional<double> norm, value;
  AdaptiveClipOptions adaptive;

  bool any() const { return norm || value || adaptive.factor; }
};
// Throws ConfigError where two are set.
void check_clipping(const ClipOptions& options);

// The Euclidean norm over the gradients of all of the optimizer's parameters: a float32 scalar on
// their device, without waiting for it; 0 where there is no gradient.
at::Tensor grad_norm(Optimizer& optimizer);

// Clips the gradients of the optimizer's parameters in place. Returns their norm before. With a
// non-finite gradient the norm is non-finite and the gradients are spoilt: such a step must be left
// out.
at::Tensor clip_gradients(Optimizer& optimizer, const ClipOptions& options);

// Scales them so that their norm is at most max_norm (above 0).
at::Tensor clip_grad_norm(Optimizer& optimizer, double max_norm);
// Brings each of their values into [-max_value, max_value] (above 0).
void clip_grad_value(Optimizer& optimizer, double max_value);
// Scales those of each unit (a row of a matrix, a filter, a vector as a whole) so that their norm
// is at most factor times that of its weights, or eps where that is more. head: the classifier too.
void clip_adaptively(Optimizer& optimizer, const AdaptiveClipOptions& options);

}  // namespace stoker::optim
