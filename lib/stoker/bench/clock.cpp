#include "stoker/bench/clock.h"

#include <torch/cuda.h>

#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"

namespace stoker::bench {

void wait_for(c10::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

void check_interrupt() {
  if (interrupt_signal() != 0) throw Interrupted("the measurement was interrupted");
}

}  // namespace stoker::bench
