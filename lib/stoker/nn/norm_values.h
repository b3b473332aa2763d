// How many values a batch normalization takes its statistics of.
//
//   NormValues values;          // watches this thread while it lives
//   model.forward(one_image);
//   if (values.fewest() == 1)   // a micro-batch of one image has no variance there
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>

namespace stoker::nn {

class NormValues {
 public:
  NormValues();
  ~NormValues();
  NormValues(const NormValues&) = delete;
  NormValues& operator=(const NormValues&) = delete;

  // Values a channel of the input that had the fewest; the largest number there is where no norm
  // was asked.
  int64_t fewest() const { return fewest_; }

  // x: [N, channels, …], the input of a norm.
  static void note(const at::Tensor& x);

 private:
  int64_t fewest_ = std::numeric_limits<int64_t>::max();
  NormValues* outer_;
};

}  // namespace stoker::nn
