#include "stoker/optim/newton_schulz.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/linalg_vector_norm.h>

#include "stoker/core/error.h"

namespace stoker::optim {

namespace {

constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
constexpr double kEps = 1e-7;  // against a matrix of zeros

}  // namespace

at::Tensor orthogonalized(const at::Tensor& matrices, int64_t steps, at::ScalarType dtype) {
  STOKER_CHECK(matrices.dim() == 3, "{} dimensions", matrices.dim());
  const bool is_tall = matrices.size(1) > matrices.size(2);  // products of the shorter side
  at::Tensor x = is_tall ? matrices.transpose(1, 2) : matrices;
  const at::Tensor norms = at::linalg_vector_norm(x, 2, at::IntArrayRef{1, 2}, /*keepdim=*/true);
  x = (x / (norms + kEps)).to(dtype);
  for (int64_t step = 0; step < steps; ++step) {
    const at::Tensor a = at::bmm(x, x.transpose(1, 2));
    const at::Tensor b = at::baddbmm(a, a, a, kB, kC);
    x = at::baddbmm(x, b, x, kA, 1);
  }
  return is_tall ? x.transpose(1, 2) : x;
}

}  // namespace stoker::optim
