// The orthogonal matrices nearest to others, nearly: singular values become about 1 (0.7 to 1.2) by
// a polynomial iteration that needs products alone (Jordan et al., "Muon: an optimizer for hidden
// layers in neural networks", 2024).
//
//   X = M / |M|;  each step:  A = X X^T;  X = a X + (b A + c A A) X,  (a, b, c) = (3.4445, -4.7750,
//   2.0315)
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::optim {

// matrices: [n, rows, columns]. Products are in `dtype`, and so is what comes back.
at::Tensor orthogonalized(const at::Tensor& matrices, int64_t steps, at::ScalarType dtype);

}  // namespace stoker::optim
