#include "stoker/jobs/device_rates.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <functional>

#include "stoker/bench/clock.h"
#include "stoker/ops/device_errors.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/train/autocast.h"

namespace stoker::jobs {

namespace {

// The shortest that this takes, of as many as half a second holds, three at least; after one that
// is not counted.
double shortest_s(c10::Device device, const std::function<void()>& work) {
  constexpr double kFor_s = 0.5;
  constexpr int kFewest = 3;
  work();
  bench::wait_for(device);
  double shortest = 1e300;
  const Stopwatch all;
  for (int i = 0; i < kFewest || all.elapsed_s() < kFor_s; ++i) {
    bench::check_interrupt();
    const Stopwatch one;
    work();
    bench::wait_for(device);
    shortest = std::min(shortest, one.elapsed_s());
  }
  return shortest;
}

double product_flops_per_s(c10::Device device, train::Precision precision) {
  const int64_t side = device.is_cuda() ? 8192 : 1024;
  const at::TensorOptions options = at::device(device).dtype(train::input_dtype(precision));
  const at::Tensor a = at::rand({side, side}, options), b = at::rand({side, side}, options);
  const double taken_s = shortest_s(device, [&] { at::matmul(a, b); });
  return 2.0 * static_cast<double>(side * side * side) / taken_s;
}

// A copy reads and writes.
double copy_bytes_per_s(c10::Device device) {
  const int64_t bytes = int64_t{1} << (device.is_cuda() ? 30 : 27);
  const at::TensorOptions options = at::device(device).dtype(at::kByte);
  const at::Tensor from = at::rand({bytes / 4}, options.dtype(at::kFloat));
  at::Tensor to = at::empty_like(from);
  const double taken_s = shortest_s(device, [&] { to.copy_(from); });
  return 2.0 * static_cast<double>(bytes) / taken_s;
}

}  // namespace

monitor::Rates measure_rates(c10::Device device, train::Precision precision) {
  const ops::DeviceWork work{.doing = "measuring the device's rates",
                             .device = device,
                             .remedy = "End what else uses it."};
  const c10::NoGradGuard no_gradients;
  train::apply_precision(precision);
  monitor::Rates rates{.memory_bytes = ops::usable_bytes(device),
                       .operator_s = device.is_cuda() ? monitor::kOperator_s : 0};
  ops::on_device(work, [&] {
    rates.flops_per_s = product_flops_per_s(device, precision);
    rates.bytes_per_s = copy_bytes_per_s(device);
  });
  return rates;
}

}  // namespace stoker::jobs
