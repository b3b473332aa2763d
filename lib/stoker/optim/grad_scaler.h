// Loss scaling for fp16: the loss is multiplied by a factor that grows while gradients stay finite
// and backs off when they do not (Micikevicius et al., "Mixed Precision Training", 2018; same
// defaults and arithmetic as torch.amp.GradScaler).
//
//   scaler.scale(loss).backward();
//   scaler.unscale(optimizer);             // when gradients are clipped; else step() does it
//   bool stepped = scaler.step(optimizer, options);
//   scaler.update();
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "stoker/config/fields.h"
#include "stoker/optim/optimizer.h"

namespace stoker::optim {

struct GradScalerOptions {
  double initial_scale = 65536;
  double growth_factor = 2;
  double backoff_factor = 0.5;
  int64_t growth_interval = 2000;
};
void describe(GradScalerOptions& options, config::Fields& fields);

class GradScaler {
 public:
  GradScaler(GradScalerOptions options, at::Device device);
  at::Tensor scale(const at::Tensor& loss) const;
  // Divides the optimizer's gradients by the scale in place and remembers non-finite ones.
  void unscale(Optimizer& optimizer);
  // False when the update was left out. Waits for the device to tell.
  bool step(Optimizer& optimizer, const StepOptions& options);
  void update();
  // Forgets gradients that unscale() has seen: the step is not taken.
  void take_back() { unscaled_ = false; }

  double scale_value() const;
  int64_t skipped_steps() const { return skipped_steps_; }
  struct State {
    double scale = 0;
    int64_t growth_tracker = 0;
    int64_t skipped_steps = 0;
  };
  State state() const;
  void load_state(const State& state);

 private:
  GradScalerOptions options_;
  at::Tensor scale_, growth_tracker_, found_inf_;
  bool unscaled_ = false;
  int64_t skipped_steps_ = 0;
};

}  // namespace stoker::optim
