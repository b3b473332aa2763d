// What the exchange between ranks costs: sums of tensors of several sizes, and the gradients of a
// configuration, alone and behind the backward pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stoker/jobs/ranks.h"
#include "stoker/run/run_config.h"

namespace stoker::jobs {

struct SumRate {
  int64_t bytes = 0;
  double time_s = 0;  // median
  // Bytes a second that each rank sends, and receives, in a ring: 2 (N - 1) / N of the tensor.
  double bandwidth = 0;
};

struct ExchangeBenchmark {
  int64_t ranks = 1;
  std::string text;  // as the plan says it
  std::vector<SumRate> sums;
  int64_t gradient_bytes = 0;
  double alone_s = 0;  // an exchange of all gradients with nothing else going on, median
  double step_s = 0;   // of a step, median
  // Of it, that the backward pass was over and gradients were not there: on the rank that waited
  // least, which waited for no other but for the network; and what others waited for that one.
  // Medians.
  double exposed_s = 0, skew_s = 0;
  // Share of the exchange that the backward pass hides.
  double hidden() const { return alone_s > 0 ? 1 - exposed_s / alone_s : 0; }
};

// seconds: of each of the parts, about. Throws ConfigError where there is one rank, and what
// build_session and steps throw.
ExchangeBenchmark benchmark_exchange(const run::RunConfig& config, double seconds,
                                     const RankOptions& ranks);

}  // namespace stoker::jobs
