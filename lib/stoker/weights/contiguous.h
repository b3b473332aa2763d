// Tensors as files hold them: on the CPU, row by row.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "stoker/core/file.h"

namespace stoker::weights {

// The elements of `tensor` in row-major order, in pieces of about kPieceBytes: small enough that
// whatever `take` does with one, more than once too, finds it in the processor's cache. Convolution
// weights in channels_last, of which a checkpoint has many, are turned piece by piece: LibTorch's
// copy of such takes several times as long on one thread.
void for_each_piece(const at::Tensor& tensor, const std::function<void(Bytes)>& take);

inline constexpr int64_t kPieceBytes = int64_t{256} << 10;

}  // namespace stoker::weights
