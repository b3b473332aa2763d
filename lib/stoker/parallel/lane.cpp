#include "stoker/parallel/lane.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>

#include <utility>
#include <vector>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"

namespace stoker::parallel {

namespace {

// What goes ahead of a tensor: dimensions (-1: it is undefined), type, whether it lies on the CPU,
// sizes, strides.
constexpr int64_t kMostDims = 6, kSizes = 3, kStrides = kSizes + kMostDims,
                  kHead = kStrides + kMostDims;

at::Tensor head_of(const at::Tensor& tensor) {
  at::Tensor head = at::zeros({kHead}, at::kLong);
  auto* values = head.mutable_data_ptr<int64_t>();
  values[0] = tensor.defined() ? tensor.dim() : -1;
  if (!tensor.defined()) return head;
  STOKER_CHECK(tensor.dim() <= kMostDims, "{} dimensions", tensor.dim());
  values[1] = static_cast<int64_t>(tensor.scalar_type());
  values[2] = tensor.is_cpu() ? 1 : 0;
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    values[kSizes + i] = tensor.size(i);
    values[kStrides + i] = tensor.stride(i);
  }
  return head;
}

at::Tensor flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

}  // namespace

void Lane::begin_micro_batch() { settle(++micro_batch_ - most_); }

void Lane::send(const at::Tensor& tensor, int64_t to) {
  const auto send_one = [&](const at::Tensor& values) {
    sent_.push_back({micro_batch_, stages_.begin_send(values, to)});
  };
  if (!tensor.defined()) return send_one(head_of(tensor));
  const at::Tensor values = tensor.detach();
  const at::Tensor dense = values.is_non_overlapping_and_dense() ? values : values.contiguous();
  send_one(head_of(dense));
  send_one(flat(dense));
}

at::Tensor Lane::receive(int64_t from) {
  const Stopwatch watch;
  const at::Tensor head = at::empty({kHead}, at::kLong);
  stages_.receive(head, from);
  const auto* values = head.const_data_ptr<int64_t>();
  at::Tensor tensor;
  if (const int64_t dims = values[0]; dims >= 0) {
    tensor = at::empty_strided({values + kSizes, static_cast<size_t>(dims)},
                               {values + kStrides, static_cast<size_t>(dims)},
                               at::TensorOptions()
                                   .dtype(static_cast<at::ScalarType>(values[1]))
                                   .device(values[2] != 0 ? at::Device(at::kCPU) : device_));
    stages_.receive(flat(tensor), from);
  }
  wait_s_ += watch.elapsed_s();
  return tensor;
}

void Lane::settle(int64_t last) {
  while (!sent_.empty() && sent_.front().micro_batch <= last) {
    sent_.front().pending->wait();
    sent_.pop_front();
  }
}

void Lane::finish() { settle(micro_batch_); }

}  // namespace stoker::parallel
