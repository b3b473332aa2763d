#include "stoker/train/autocast.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

#include "stoker/core/error.h"

namespace stoker::train {

namespace {
bool is_mixed(Precision precision) {
  return precision == Precision::kBf16 || precision == Precision::kFp16;
}
}  // namespace

Autocast::Autocast(c10::DeviceType device, Precision precision)
    : device_(device), active_(is_mixed(precision)) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(device_);
  was_dtype_ = at::autocast::get_autocast_dtype(device_);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, input_dtype(precision));
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, was_dtype_);
}

c10::ScalarType input_dtype(Precision precision) {
  STOKER_CHECK(precision != Precision::kAuto, "precision auto was not resolved");
  switch (precision) {
    case Precision::kBf16:
      return c10::ScalarType::BFloat16;
    case Precision::kFp16:
      return c10::ScalarType::Half;
    case Precision::kFp32:
    case Precision::kTf32:
    case Precision::kAuto:
      break;
  }
  return c10::ScalarType::Float;
}

void apply_precision(Precision precision) {
  const bool tf32 = precision != Precision::kFp32;
  at::globalContext().setAllowTF32CuBLAS(tf32);
  at::globalContext().setAllowTF32CuDNN(tf32);
}

}  // namespace stoker::train
