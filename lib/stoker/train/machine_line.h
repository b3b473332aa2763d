// What the machine did since the log line before, of all ranks (machine_watch.h): what a log line
// says beside the training itself. What was not measured is not there.
#pragma once

#include <optional>
#include <string>

#include "stoker/monitor/window.h"

namespace stoker::train {

struct MachineLine {
  // Seconds of the clock, and of them those in which this rank waited for checkpoints.
  double wall_s = 0, save_s = 0;
  std::optional<double> exchange_wait_s;  // for other ranks' gradients
  monitor::Window window;                 // without evaluations
  std::string gpu;                        // the first rank's: "NVIDIA H200"
  // Of the first rank that has lost its GPU ("NVIDIA H200 of rank 3"), or cannot read it.
  std::string lost_gpu, why_no_gpu;
  std::string why_no_cpu_energy;
  std::optional<double> peak_tflops;  // of all devices together; none: not known of each
  int usable_cpus = 0;

  // Of steps; energy_kwh: of the run so far, evaluations too.
  std::optional<double> joules, joules_per_step, joules_per_image, energy_kwh;
  // 10^12 operations of the model a second; as shares of the devices' peak, without what is
  // computed again and with it.
  std::optional<double> tflops, mfu, hfu;
  // Shares of the time in which ranks do not wait for each other.
  std::optional<double> slowest_rank, slowest_rank_works, mean_rank_works;
};

}  // namespace stoker::train
