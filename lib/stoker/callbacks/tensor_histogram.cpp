#include "stoker/callbacks/tensor_histogram.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/histc.h>
#include <ATen/ops/isfinite.h>

namespace stoker::callbacks {

Histogram tensor_histogram(const at::Tensor& tensor, double scale) {
  constexpr int64_t kBuckets = 64;
  const at::NoGradGuard no_grad;
  const at::Tensor all = tensor.detach().reshape({-1}).to(at::kCPU, at::kDouble) / scale;
  const at::Tensor values = all.masked_select(at::isfinite(all));
  Histogram histogram{.count = values.numel()};
  if (histogram.count == 0) {
    histogram.upper_limits = {0};
    histogram.counts = {0};
    return histogram;
  }
  histogram.min = values.min().item<double>();
  histogram.max = values.max().item<double>();
  histogram.sum = values.sum().item<double>();
  histogram.sum_of_squares = values.square().sum().item<double>();
  if (histogram.min == histogram.max) {
    histogram.upper_limits = {histogram.max};
    histogram.counts = {static_cast<double>(histogram.count)};
    return histogram;
  }
  const at::Tensor counts = at::histc(values, kBuckets, histogram.min, histogram.max);
  const double width = (histogram.max - histogram.min) / kBuckets;
  for (int64_t i = 0; i < kBuckets; ++i) {
    histogram.upper_limits.push_back(i + 1 == kBuckets ? histogram.max
                                                       : histogram.min + width * double(i + 1));
    histogram.counts.push_back(counts.const_data_ptr<double>()[i]);
  }
  return histogram;
}

}  // namespace stoker::callbacks
