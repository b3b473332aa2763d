#include "stoker/train/stage_inference.h"

namespace stoker::train {

void StagedForward::begin(const at::Tensor& images) {
  parallel::Lane& down = stage_.down();
  down.begin_micro_batch();
  down.send(run_(images), stage_.next());
  ++under_way_;
}

at::Tensor StagedForward::logits() {
  --under_way_;
  return stage_.back().receive(stage_.last());
}

void StagedForward::end() {
  stage_.down().begin_micro_batch();
  stage_.down().send({}, stage_.next());
}

void relay(parallel::Stage& stage, const StageForward& run) {
  parallel::Lane& down = stage.down();
  for (;;) {
    const at::Tensor x = down.receive(stage.previous());
    parallel::Lane& onward = stage.is_last() ? stage.back() : down;
    onward.begin_micro_batch();
    if (!x.defined()) {
      if (!stage.is_last()) down.send({}, stage.next());
      break;
    }
    onward.send(run(x), stage.is_last() ? 0 : stage.next());
  }
  stage.down().finish();
  stage.back().finish();
}

}  // namespace stoker::train
