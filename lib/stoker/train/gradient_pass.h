// The first part of a step: micro-batches in, gradients and their loss out.
//
//   GradientPass pass(options);
//   StepGradients gradients = pass.run(state, feed, events);   // adds to the parameters' gradients
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "stoker/train/events.h"
#include "stoker/train/feed.h"
#include "stoker/train/options.h"

namespace stoker::train {

struct StepGradients {
  at::Tensor loss_sum;  // over the images, float32 [] on the device; undefined where there are none
  int64_t images = 0;   // that could be read
};

class GradientPass {
 public:
  // Takes precision, loss and label_smoothing of the options. class_weights: as
  // losses::LossContext.
  explicit GradientPass(const TrainOptions& options, const at::Tensor& class_weights = {})
      : precision_(options.precision),
        label_smoothing_(options.label_smoothing),
        loss_(losses::losses().build(options.loss, {class_weights})) {}

  // Forward and backward of the images of the step under way, in micro-batches of the plan. The
  // gradients are those of the sum of losses divided by the plan's batch_size (times the scale of
  // fp16's scaler), whatever the micro-batch is. Emits kBatchReady. Throws what the feed, the
  // network and the events throw; OutOfMemory and DeviceError as ops/device_errors.h says. A signal
  // that comes between micro-batches takes the pass back and throws Interrupted.
  StepGradients run(State& state, BatchSource& feed, Events& events);

  // Whether the run() under way, or that an error ended, has shown the network any image: its
  // running statistics and gradients are then no longer those of a whole step.
  bool has_begun() const { return has_begun_; }

  // After a run(), or one that an error ended: drops the gradients and gives the network back the
  // running statistics that it had before. The state is then that of the step before.
  void take_back(State& state);

 private:
  // Returns the micro-batch's summed loss.
  at::Tensor accumulate(State& state, MicroBatch batch, Events& events);
  void keep_buffers(State& state);

  Precision precision_;
  double label_smoothing_;
  std::shared_ptr<const losses::Loss> loss_;
  bool has_begun_ = false;
  // The network's running statistics, and what they were before the pass.
  std::vector<at::Tensor> buffers_, kept_;
};

}  // namespace stoker::train
