// Forward passes without gradients through the stages of a pipeline.
//
//   StagedForward forward(stage, run);       // on the first stage
//   forward.begin(images);                   // several ahead, so that all stages have work
//   if (forward.is_full()) use(forward.logits());
//   forward.end();
//
//   relay(stage, run);                       // on the others, until the first ends it
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <utility>

#include "stoker/parallel/stage.h"

namespace stoker::train {

using StageForward = std::function<at::Tensor(const at::Tensor&)>;  // of this stage's pieces

class StagedForward {
 public:
  StagedForward(parallel::Stage& stage, StageForward run) : stage_(stage), run_(std::move(run)) {}

  void begin(const at::Tensor& images);
  // Whether one more would only wait.
  bool is_full() const { return under_way_ >= stage_.count(); }
  at::Tensor logits();  // of the oldest
  // The others' passes end here; what is under way can still be asked for.
  void end();

 private:
  parallel::Stage& stage_;
  StageForward run_;
  int64_t under_way_ = 0;  // passes whose logits are still to come
};

void relay(parallel::Stage& stage, const StageForward& run);

}  // namespace stoker::train
