// Tensors as files hold them: on the CPU, row by row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <span>

namespace stoker::weights {

struct ContiguousCopy {
  at::Tensor from;          // on the CPU, in any layout
  std::byte* to = nullptr;  // room for from.nbytes(), aligned as its elements are
};

// Copies the elements of each tensor in row-major order. All of LibTorch's threads share the work,
// in pieces that do not depend on how large a tensor is. Convolution weights in channels_last, of
// which a checkpoint has many, are turned on the way: LibTorch's copy of such takes several times
// as long.
void copy_contiguous(std::span<const ContiguousCopy> copies);

}  // namespace stoker::weights
