// About how fast a device can train, from what an image takes and what the device moves at most
// (the roofline model: Williams, Waterman, Patterson, 2009). An estimate: networks reach a part of
// it.
//
//   const Estimate estimate = estimate_training(work, rates);
//   estimate.images_per_s;          // the bound
//   kReached[0] * …, kReached[1] * …  // where networks as a rule come out
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stoker/monitor/gpu_table.h"

namespace stoker::monitor {

// What training takes.
struct Work {
  double flops_per_image = 0;  // forward and backward
  double bytes_per_image = 0;  // that move between memory and processor
  double bytes_per_step = 0;   // besides: parameters, gradients, the optimizer's state
  int64_t fixed_bytes = 0;     // of memory, whatever the micro-batch
  int64_t kept_per_image = 0;  // of memory, for each image of a micro-batch
  int64_t batch_size = 1, smallest_microbatch = 1;
  double images = 0;               // of the whole run
  int64_t operators_per_pass = 0;  // that a forward pass over a micro-batch starts
};

// What a device does at most.
struct Rates {
  double flops_per_s = 0, bytes_per_s = 0;
  int64_t memory_bytes = 0;
  std::optional<double> power_w;
  // That the host takes to start an operator of the forward pass and what belongs to it in the
  // backward pass; 0 where it computes itself.
  double operator_s = 0;
};

struct Estimate {
  int64_t microbatch = 0;  // the largest that fits, as a part of the batch; 0: none does
  double images_per_s = 0;
  bool is_bound_by_memory = false;  // rather than by arithmetic
  bool is_bound_by_host = false;    // which starts operators more slowly than they run
};

// A part of the device's memory is left for the libraries and for what lies between tensors.
Estimate estimate_training(const Work& work, const Rates& rates);

// The parts of the bound that real networks reach, from small kernels to large ones: on GPUs by
// their table's rates, and on processors by rates that were measured.
inline constexpr std::array<double, 2> kReached{0.2, 0.6};
inline constexpr std::array<double, 2> kReachedByCpu{0.3, 0.9};

// The host's time for an operator on a GPU, as LibTorch starts them one by one.
inline constexpr double kOperator_s = 20e-6;

// The rates of a row of the table in some arithmetic; nothing where the card lacks it.
std::optional<Rates> rates_of(const GpuSpec& gpu, Arithmetic arithmetic);

}  // namespace stoker::monitor
