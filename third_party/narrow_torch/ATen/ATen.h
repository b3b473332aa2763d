// In place of LibTorch's own, which declares all of its 2,600 operators: our files include the ones
// that they call. A file with STOKER_WHOLE_TORCH gets LibTorch's.
#pragma once

#ifdef STOKER_WHOLE_TORCH
#include_next <ATen/ATen.h>
#else
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <c10/core/ScalarType.h>
#include <c10/core/Storage.h>
#include <c10/core/TensorOptions.h>
#include <c10/util/Exception.h>
#endif
