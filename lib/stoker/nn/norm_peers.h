// Batch statistics over more, or fewer, images than a norm sees at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stoker::nn {

// The ranks that take their statistics together, each of its own images.
class NormPeers {
 public:
  virtual ~NormPeers() = default;
  // values: float64 on the norm's device; becomes the sum over all, in place. All of them call it
  // in the same order.
  virtual void sum(const at::Tensor& values) = 0;
};

// What training statistics are taken of.
struct NormSpan {
  NormPeers* peers = nullptr;  // none: of this process's images; it outlives the norm
  int64_t ghost_images = 0;    // of so many images at a time; 0: of all
};

}  // namespace stoker::nn
