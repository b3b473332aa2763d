// The gradients' common norm, and clipping by it (Pascanu et al. 2013), as
// torch.nn.utils.clip_grad_norm_ computes it.
//
//   at::Tensor norm = clip_grad_norm(*optimizer, 1.0);   // after GradScaler::unscale
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

// The Euclidean norm over the gradients of all of the optimizer's parameters: a float32 scalar on
// their device, without waiting for it; 0 where there is no gradient.
at::Tensor grad_norm(Optimizer& optimizer);

// Scales the gradients of the optimizer's parameters in place so that their Euclidean norm is at
// most max_norm (above 0). Returns the norm before. With a non-finite gradient the norm is
// non-finite and the gradients are spoilt: such a step must be left out.
at::Tensor clip_grad_norm(Optimizer& optimizer, double max_norm);

}  // namespace stoker::optim
