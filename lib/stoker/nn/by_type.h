// Tensors as the pointers of kernels/channels.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::nn {

// Calls body with a value of the kernels' type: float, or uint16_t for the bits of bfloat16.
template <class Body>
void by_type(const at::Tensor& x, const Body& body) {
  if (x.scalar_type() == at::kFloat)
    body(float{});
  else
    body(uint16_t{});
}

// Without LibTorch's check of the type, which does not know bits.
template <class T>
T* data_of(const at::Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

}  // namespace stoker::nn
