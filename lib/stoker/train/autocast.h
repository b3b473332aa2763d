// Mixed precision for the lifetime of a scope.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "stoker/train/options.h"

namespace stoker::train {

// Turns autocast on for bf16 and fp16 (nothing otherwise), and on leaving restores what was and
// drops the casts of weights that it cached.
class Autocast {
 public:
  Autocast(c10::DeviceType device, Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
  bool active_;
  bool was_enabled_ = false;
  c10::ScalarType was_dtype_{};
};

// The dtype that images are made in: what the first layer computes in.
c10::ScalarType input_dtype(Precision precision);
// Process-wide switches: TF32 matrix products and convolutions for every precision but fp32.
void apply_precision(Precision precision);

}  // namespace stoker::train
