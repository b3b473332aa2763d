// In place of LibTorch's own, which brings its profiler along.
#pragma once

#ifdef STOKER_WHOLE_TORCH
#include_next <torch/utils.h>
#else
#include <ATen/core/grad_mode.h>

namespace torch {
using AutoGradMode = at::AutoGradMode;
using NoGradGuard = at::NoGradGuard;
}  // namespace torch
#endif
