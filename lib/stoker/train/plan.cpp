#include "stoker/train/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stoker/core/checked.h"
#include "stoker/core/error.h"

namespace stoker::train {

int64_t StepPlan::step_of_epoch(double epochs) const {
  return std::max<int64_t>(
      1, checked_round("train.epochs", epochs * static_cast<double>(steps_per_epoch)));
}

StepPlan StepPlan::with_accumulation(int64_t micro_batches) const {
  StepPlan plan = *this;
  plan.grad_accumulation = micro_batches;
  plan.microbatch = (batch_size + micro_batches - 1) / micro_batches;
  return plan;
}

bool StepPlan::is_due(double every_epochs, int64_t step) const {
  if (every_epochs <= 0) return false;
  const double steps = every_epochs * static_cast<double>(steps_per_epoch);
  const auto periods = [&](int64_t at) {
    return std::floor((static_cast<double>(at) + 1e-6) / steps);
  };
  return periods(step) > periods(step - 1);
}

StepPlan plan_steps(int64_t samples, const TrainOptions& options) {
  if (samples < 1) throw ConfigError("the training set is empty: there is nothing to train on");
  StepPlan plan;
  plan.samples = samples;
  STOKER_CHECK(options.batch_size.has_value(), "train.batch_size is to be found first");
  plan.batch_size = std::min(*options.batch_size, samples);
  const int64_t asked = options.microbatch.value_or(0);
  const int64_t most = asked == 0 ? plan.batch_size : std::min(asked, plan.batch_size);
  plan = plan.with_accumulation((plan.batch_size + most - 1) / most);
  plan.steps_per_epoch = samples / plan.batch_size;
  plan.total_steps = plan.step_of_epoch(options.epochs);
  // Epochs are 32-bit numbers to all that draws at random.
  if (plan.total_steps / plan.steps_per_epoch > std::numeric_limits<uint32_t>::max())
    throw ConfigError(fmt::format("train.epochs: too large: read {:.6g}, expected at most {}",
                                  options.epochs, std::numeric_limits<uint32_t>::max()));
  return plan;
}

loader::ChunkSource training_chunks(const StepPlan& plan, int64_t first_step) {
  return [plan, step = first_step, number = int64_t{0},
          done = int64_t{0}]() mutable -> std::optional<loader::Chunk> {
    if (step >= plan.total_steps) return std::nullopt;
    const bool has_one_more = number < plan.batch_size % plan.grad_accumulation;
    const int64_t count = plan.smallest_microbatch() + (has_one_more ? 1 : 0);
    const loader::Chunk chunk{.epoch = static_cast<uint32_t>(step / plan.steps_per_epoch),
                              .first = step % plan.steps_per_epoch * plan.batch_size + done,
                              .count = count};
    done += count;
    if (++number == plan.grad_accumulation) {
      number = done = 0;
      ++step;
    }
    return chunk;
  };
}

loader::ChunkSource sequential_chunks(int64_t samples, int64_t batch_size, int64_t repeats) {
  const int64_t positions = checked_multiply("eval.tta", samples, repeats);
  const int64_t most = std::max<int64_t>(batch_size / repeats, 1) * repeats;
  return [positions, most, first = int64_t{0}]() mutable -> std::optional<loader::Chunk> {
    if (first >= positions) return std::nullopt;
    const loader::Chunk chunk{
        .epoch = 0, .first = first, .count = std::min(most, positions - first)};
    first += chunk.count;
    return chunk;
  };
}

}  // namespace stoker::train
