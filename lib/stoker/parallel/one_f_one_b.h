// The order in which a stage of a pipeline works: forward passes until the stages below it have
// something to do, then a backward pass after each forward one, so that it keeps the activations of
// few micro-batches ("1F1B": Narayanan et al. 2021, "Memory-Efficient Pipeline-Parallel DNN
// Training", PipeDream-Flush).
//
//   stage 0 of 3, 5 micro-batches:  F0 F1 F2 B0 F3 B1 F4 B2 B3 B4
//   stage 2 of 3:                   F0 B0 F1 B1 F2 B2 F3 B3 F4 B4
#pragma once

#include <cstdint>
#include <vector>

namespace stoker::parallel {

struct StagePass {
  bool is_forward = true;
  int64_t micro_batch = 0;  // of this rank's in a step, from 0

  bool operator==(const StagePass&) const = default;
};

std::vector<StagePass> one_forward_one_backward(int64_t stage, int64_t stages,
                                                int64_t micro_batches);

// Micro-batches whose activations a stage keeps at most.
int64_t most_in_flight(int64_t stage, int64_t stages, int64_t micro_batches);

// Share of a step in which a stage has nothing to do where all take equally long: (p - 1) / (m + p
// - 1).
double bubble_share(int64_t stages, int64_t micro_batches);

}  // namespace stoker::parallel
