#include "stoker/nn/drop_path.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

namespace stoker::nn {

at::Tensor drop_path(const at::Tensor& x, double rate, bool training) {
  if (!training || rate <= 0) return x;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  const at::Tensor keep = at::empty(shape, x.options().requires_grad(false));
  return x.mul(keep.bernoulli_(1 - rate).div_(1 - rate));
}

double drop_path_rate(double last, int64_t index, int64_t count) {
  return last * static_cast<double>(index) / static_cast<double>(std::max<int64_t>(count - 1, 1));
}

}  // namespace stoker::nn
