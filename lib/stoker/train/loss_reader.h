// The third part of a step: losses from the device, late, so that the host never waits for one.
//
//   LossReader losses(options.max_nonfinite_steps);
//   losses.add(record, loss_mean);                // after each step
//   losses.read(state.position);                  // when a log line or a checkpoint asks
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "stoker/dist/group.h"
#include "stoker/train/position.h"

namespace stoker::train {

class LossReader {
 public:
  // group must outlive it.
  explicit LossReader(int64_t max_nonfinite_steps, dist::Group& group = dist::alone())
      : max_nonfinite_steps_(max_nonfinite_steps), group_(group) {}

  // loss_mean: [] on any device, of the images of the step; the record's own loss is not looked at.
  // by_rank: [ranks], to say whose is not finite.
  void add(const StepRecord& record, const at::Tensor& loss_mean, const at::Tensor& by_rank = {});

  // Waits for the losses of the steps added since the last call, counts these steps in the
  // position's window and its streak of losses that are not finite, and returns them. Throws
  // Diverged, with step, rate and the losses before, and the ranks where it is not all of them, at
  // max_nonfinite_steps in a row.
  std::vector<StepRecord> read(Position& position);

 private:
  struct Pending {
    StepRecord record;
    at::Tensor loss, by_rank;
  };
  void count(StepRecord& record, const at::Tensor& by_rank, Position& position);
  std::string ranks_text(const at::Tensor& by_rank) const;

  int64_t max_nonfinite_steps_;
  dist::Group& group_;
  std::vector<Pending> pending_;
  std::deque<double> recent_;  // the newest finite losses
};

}  // namespace stoker::train
