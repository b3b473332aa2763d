// In place of LibTorch's own, which brings operator registration and TorchScript's types along: what
// torch::nn's headers need of it, with the operators that their inline functions call.
#pragma once

#ifdef STOKER_WHOLE_TORCH
#include_next <torch/types.h>
#else
#include <ATen/core/Tensor.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/bilinear.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <optional>

namespace torch {
using namespace at;  // NOLINT(google-build-using-namespace): as LibTorch's own
using std::nullopt;
using std::optional;
using Dtype = at::ScalarType;
constexpr auto kFloat32 = at::kFloat;
constexpr auto kInt64 = at::kLong;
}  // namespace torch
#endif
