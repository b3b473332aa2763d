#include "stoker/train/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stoker/core/ceil_div.h"
#include "stoker/core/checked.h"
#include "stoker/core/error.h"

namespace stoker::train {

int64_t StepPlan::step_of_epoch(double epochs) const {
  return std::max<int64_t>(
      1, checked_round("train.epochs", epochs * static_cast<double>(steps_per_epoch)));
}

StepPlan StepPlan::with_accumulation(int64_t micro_batches) const {
  StepPlan plan = *this;
  plan.grad_accumulation =
      checked_multiply("train.batch_size", ceil_div(micro_batches, ranks), ranks);
  plan.microbatch = ceil_div(batch_size, plan.grad_accumulation);
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

StepPlan plan_steps(int64_t samples, const TrainOptions& options, int64_t ranks, int64_t rank) {
  if (samples < 1) throw ConfigError("the training set is empty: there is nothing to train on");
  StepPlan plan{.samples = samples, .ranks = ranks, .rank = rank};
  STOKER_CHECK(options.batch_size.has_value(), "train.batch_size is to be found first");
  plan.batch_size = std::min(*options.batch_size, samples);
  if (plan.batch_size < ranks) {
    throw ConfigError(fmt::format(
        "a step of {} images (train.batch_size) cannot be shared by {} ranks: expected at least "
        "one image for each",
        plan.batch_size, ranks));
  }
  const int64_t asked = options.microbatch.value_or(0);
  const int64_t most = asked == 0 ? plan.batch_size : std::min(asked, plan.batch_size);
  plan = plan.with_accumulation(ceil_div(plan.batch_size, most));
  plan.steps_per_epoch = samples / plan.batch_size;
  plan.total_steps = plan.step_of_epoch(options.epochs);
  // Epochs are 32-bit numbers to all that draws at random.
  if (plan.total_steps / plan.steps_per_epoch > std::numeric_limits<uint32_t>::max())
    throw ConfigError(fmt::format("train.epochs: too large: read {:.6g}, expected at most {}",
                                  options.epochs, std::numeric_limits<uint32_t>::max()));
  return plan;
}

loader::ChunkSource training_chunks(const StepPlan& plan, int64_t first_step) {
  return [plan, step = first_step, pass = int64_t{0}]() mutable -> std::optional<loader::Chunk> {
    if (step >= plan.total_steps) return std::nullopt;
    // The first micro-batches of a step have one sample more where they cannot all be alike.
    const int64_t number = plan.first_own_pass() + pass;
    const int64_t larger = plan.batch_size % plan.grad_accumulation;
    const int64_t before = number * plan.smallest_microbatch() + std::min(number, larger);
    const loader::Chunk chunk{.epoch = static_cast<uint32_t>(step / plan.steps_per_epoch),
                              .first = step % plan.steps_per_epoch * plan.batch_size + before,
                              .count = plan.smallest_microbatch() + (number < larger ? 1 : 0)};
    if (++pass == plan.own_passes()) {
      pass = 0;
      ++step;
    }
    return chunk;
  };
}

int64_t RankShare::of(int64_t items, int64_t size) const {
  size = std::min(size, std::max<int64_t>(items, 1));
  const int64_t pieces = ceil_div(items, size);
  return std::min(end(pieces) * size, items) - std::min(first(pieces) * size, items);
}

loader::ChunkSource sequential_chunks(int64_t samples, int64_t batch_size, int64_t repeats,
                                      const RankShare& share) {
  const int64_t positions = checked_multiply("eval.tta", samples, repeats);
  const int64_t samples_a_piece =
      std::clamp<int64_t>(batch_size / repeats, 1, std::max<int64_t>(samples, 1));
  const int64_t most = samples_a_piece * repeats;
  const int64_t pieces = ceil_div(positions, most);
  return [positions, most, piece = share.first(pieces),
          end = share.end(pieces)]() mutable -> std::optional<loader::Chunk> {
    if (piece >= end) return std::nullopt;
    const int64_t first = piece++ * most;
    return loader::Chunk{.epoch = 0, .first = first, .count = std::min(most, positions - first)};
  };
}

}  // namespace stoker::train
