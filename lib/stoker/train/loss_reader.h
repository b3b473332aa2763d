// The third part of a step: losses from the device, late, so that the host never waits for one.
//
//   LossReader losses(options.max_nonfinite_steps);
//   losses.add(record, loss_mean);                // after each step
//   losses.read(state.position);                  // when a log line or a checkpoint asks
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "stoker/train/position.h"

namespace stoker::train {

class LossReader {
 public:
  explicit LossReader(int64_t max_nonfinite_steps) : max_nonfinite_steps_(max_nonfinite_steps) {}

  // loss_mean: [] on any device, of the images of the step; the record's own loss is not looked at.
  void add(const StepRecord& record, const at::Tensor& loss_mean);

  // Waits for the losses of the steps added since the last call, counts these steps in the
  // position's window and its streak of losses that are not finite, and returns them. Throws
  // Diverged, with step, rate and the losses before, at max_nonfinite_steps in a row.
  std::vector<StepRecord> read(Position& position);

 private:
  void count(StepRecord& record, Position& position);

  struct Pending {
    StepRecord record;
    at::Tensor loss;
  };

  int64_t max_nonfinite_steps_;
  std::vector<Pending> pending_;
  std::deque<double> recent_;  // the newest finite losses
};

}  // namespace stoker::train
