#include "stoker/train/memory_control.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/ops/device_errors.h"
#include "stoker/ops/memory_meter.h"

namespace stoker::train {

MemoryControl::MemoryControl(const State& state, const MemoryOptions& options,
                             std::function<std::string()> advice, dist::Group& group)
    : policy_(options.microbatch, state.facts.plan, state.facts.smallest_batch),
      group_(group),
      advice_(std::move(advice)) {
  for (const at::Tensor& parameter : state.model().parameters()) {
    if (parameter.requires_grad()) gradient_bytes_ += static_cast<int64_t>(parameter.nbytes());
  }
}

void MemoryControl::begin(State& state) {
  ops::reset_peak(state.facts.device);
  step_peak_bytes_ = 0;
  note_peak(state, /*of_steps=*/false);
}

void MemoryControl::note_peak(State& state, bool of_steps) {
  const int64_t peak = ops::device_memory(state.facts.device).peak_bytes;
  ops::reset_peak(state.facts.device);
  state.peak_bytes = std::max(state.peak_bytes, peak);
  if (of_steps) step_peak_bytes_ = std::max(step_peak_bytes_, peak);
}

void MemoryControl::shrink(State& state, const OutOfMemory& error) {
  const StepPlan before = state.plan();
  std::optional<int64_t> count;
  if (!policy_.is_fixed()) {  // else the others may wait for this rank within their passes
    int64_t lacking = -ops::usable_bytes(state.facts.device);
    group_.max(std::span<int64_t>(&lacking, 1));
    count = policy_.after_failure(before.grad_accumulation, -lacking);
  }
  if (!count) {
    const std::string advice = advice_ ? advice_() : "";
    throw OutOfMemory(advice.empty() ? error.what() : fmt::format("{}\n{}", error.what(), advice));
  }
  change(state, *count);
  log().warn(
      "memory ran out at step {} with micro-batches of {} images: {} The step is taken again in {} "
      "micro-batches of {}; train.batch_size, and with it the training, stays the same (batch norm "
      "sees {} images at a time).",
      state.position.step + 1, before.microbatch, ops::memory_facts(error), *count,
      state.plan().microbatch, state.plan().microbatch);
}

bool MemoryControl::grow(State& state) {
  const StepPlan before = state.plan();
  const ops::DeviceMemory memory = ops::device_memory(state.facts.device);
  note_peak(state, /*of_steps=*/true);
  std::array<int64_t, 3> most{memory.live_bytes + gradient_bytes_, step_peak_bytes_,
                              -ops::usable_bytes(state.facts.device)};
  group_.max(std::span<int64_t>(most));
  const MicrobatchNeed need{
      .fixed_bytes = most[0], .peak_bytes = most[1], .usable_bytes = -most[2]};
  const auto count = policy_.at_epoch_end(before.grad_accumulation, need);
  if (!count) return false;
  change(state, *count);
  state.memory_change->step = state.position.step;  // a checkpoint of this step has it
  log().info("memory allows micro-batches of {} images from step {} on; they were {}",
             state.plan().microbatch, state.position.step + 1, before.microbatch);
  return true;
}

void MemoryControl::change(State& state, int64_t count) {
  note_peak(state, /*of_steps=*/false);
  step_peak_bytes_ = 0;
  state.memory_change = MemoryChange{.step = state.position.step + 1};
  state.position.grad_accumulation = count == state.facts.plan.grad_accumulation ? 0 : count;
  ops::return_cached(state.facts.device);
}

bool MemoryControl::note_evaluation(State& state, int64_t asked, int64_t taken) {
  note_peak(state, /*of_steps=*/false);
  if (taken >= asked) return false;
  state.position.eval_batch_size = taken;
  state.memory_change = MemoryChange{.step = state.position.step};
  return true;
}

}  // namespace stoker::train
