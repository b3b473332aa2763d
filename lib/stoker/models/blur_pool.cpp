#include "stoker/models/blur_pool.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/reflection_pad2d.h>

namespace stoker::models {

// Two means of two neighbours each are that blur.
at::Tensor BlurPool::forward(const at::Tensor& x, bool) {
  const at::Tensor padded = at::reflection_pad2d(x, {1, 1, 1, 1});
  return at::avg_pool2d(at::avg_pool2d(padded, {2, 2}, {1, 1}), {2, 2}, {2, 2});
}

}  // namespace stoker::models
