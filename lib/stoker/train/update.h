// The second part of a step: gradients in, moved parameters out.
//
//   const bool moved = update_parameters(state, loss_mean, lr_factor, options.clip);
#pragma once

#include <ATen/core/Tensor.h>

#include "stoker/optim/clip.h"
#include "stoker/train/state.h"

namespace stoker::train {

// Unscales (fp16), clips, and takes the optimizer's step at lr_factor
// of its rate; then drops the gradients. loss_mean: float32 [] on the run's device. The update is
// left out where the loss or the norm is not finite, or where fp16 gradients overflowed. Returns
// whether the parameters moved, as far as the host knows: without fp16's scaler a GPU decides by
// itself, so that the host need not wait for the loss, and true is returned. Throws as
// ops/device_errors.h says: of OutOfMemory
// but TornUpdate, nothing has moved.
bool update_parameters(State& state, const at::Tensor& loss_mean, double lr_factor,
                       const optim::ClipOptions& clip);

}  // namespace stoker::train
