#include "stoker/autotune/critical_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stoker/bench/clock.h"
#include "stoker/core/checked.h"
#include "stoker/core/error.h"
#include "stoker/core/text.h"
#include "stoker/run/batch_rule.h"
#include "stoker/run/throwaway.h"
#include "stoker/train/evaluate.h"
#include "stoker/train/snapshot.h"
#include "stoker/tuning/lr_scaling.h"

namespace stoker::autotune {

namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

constexpr double kLeastRate = 0.01;  // of the run's highest; below, nothing would move

class Branches {
 public:
  Branches(const run::RunConfig& config, const train::CheckpointContent& content,
           const CriticalBatchOptions& options)
      : config_(config), content_(content), options_(options) {
    run::follow_batch(config_);
    run::Session session = run::build_session(config_, &content_);
    train::restore(content_, *session.state, session.algorithms);
    const train::Position& position = session.state->position;
    own_batch_ = session.plan().batch_size;
    config_.train.batch_size = own_batch_;
    config_.train.microbatch = session.plan().microbatch;
    samples_ = session.plan().samples;
    result_.step = position.step;
    result_.images = checked_multiply("--steps", options.steps, own_batch_);
    factor_ = session.schedule(position.schedule_step);
    check(session);
  }

  CriticalBatch run() {
    for (int64_t doubling = 0; doubling <= options_.doublings; ++doubling) {
      const int64_t batch = own_batch_ << doubling;
      const int64_t steps = result_.images / batch;
      if (steps < kFewestSteps || batch > samples_) break;
      result_.branches.push_back(measure(batch, steps));
      if (!result_.branches.back().keeps_up) break;
    }
    conclude();
    return std::move(result_);
  }

 private:
  static constexpr int64_t kFewestSteps = 4;

  void check(const run::Session& session) const {
    if (session.val.dataset == nullptr || session.val.dataset->size() == 0)
      throw ConfigError(
          "tune --critical-batch compares validation losses, and the run has no validation set: "
          "name one with data.val or data.split");
    if (!(factor_ >= kLeastRate))
      throw ConfigError(fmt::format(
          "at step {} the schedule's rate is {:.2g} of the highest, with which no branch moves: "
          "expected an earlier checkpoint of the run (checkpoint.keep_last keeps more of them)",
          result_.step, factor_));
  }

  Branch measure(int64_t batch, int64_t steps) {
    const tuning::BatchScaling scaling{
        .base_batch = own_batch_, .batch = batch, .rule = config_.tune.lr_rule};
    const double factor = factor_ * scaling.lr_factor();
    Branch branch{.batch_size = batch, .steps = steps};
    const bool is_own = result_.branches.empty();
    while (std::ssize(branch.losses) < options_.repeats ||
           (!branch.is_sure && std::ssize(branch.losses) < 2 * options_.repeats)) {
      add_repeat(branch, factor);
      if (is_own) {
        branch.loss = mean(branch.losses);
        continue;
      }
      Branch& own = result_.branches.front();
      if (own.losses.size() < branch.losses.size()) add_repeat(own, factor_);
      own.loss = mean(own.losses);
      compare(branch, own);
    }
    return branch;
  }

  void add_repeat(Branch& branch, double factor) const {
    const auto repeat = std::ssize(branch.losses);
    if (options_.say)
      options_.say(fmt::format("{} steps of {} images, repeat {}", branch.steps, branch.batch_size,
                               repeat + 1));
    branch.losses.push_back(loss_after(branch, factor, repeat));
  }

  double loss_after(Branch& branch, double factor, int64_t repeat) const {
    run::RunConfig config = config_;
    config.train.batch_size = branch.batch_size;
    config.seed += repeat;
    run::Session session = run::build_session(config, &content_);
    train::restore(content_, *session.state, session.algorithms);
    branch.lr = factor * session.optimizer->base_lr();
    run::ThrowawayTraining training(session, [factor](int64_t) { return factor; });
    train::State& state = training.state();
    state.position.step = result_.step * own_batch_ / branch.batch_size;  // the run's images follow
    train::Feed feed = training.feed();
    for (int64_t step = 0; step < branch.steps; ++step) {
      bench::check_interrupt();
      training.step().run(state, feed, training.events());
      training.step().read_losses(state.position);
    }
    const train::Evaluation evaluation =
        train::evaluate(*session.model, session.val,
                        {.device = session.device,
                         .batch_size = session.config.eval.batch_size,
                         .precision = session.config.train.precision,
                         .loss = session.config.train.loss,
                         .max_images = options_.eval_images});
    return evaluation.metrics.loss;
  }

  void compare(Branch& branch, const Branch& own) const {
    std::vector<double> excess;
    for (size_t i = 0; i < branch.losses.size(); ++i)
      excess.push_back(branch.losses[i] / own.losses[i] - 1);
    branch.loss = mean(branch.losses);
    branch.excess = mean(excess);
    branch.excess_low = std::ranges::min(excess);
    branch.excess_high = std::ranges::max(excess);
    branch.keeps_up = branch.excess <= options_.tolerance;  // false for NaN
    branch.is_sure =
        !(branch.excess_low <= options_.tolerance) || !(branch.excess_high > options_.tolerance);
  }

  void conclude() {
    if (result_.branches.size() < 2)
      throw ConfigError(fmt::format(
          "tune --critical-batch: twice the batch of {} would have {} steps of {} images in a "
          "training set of {}: expected more --steps, or more data",
          own_batch_, result_.images / (2 * own_batch_), 2 * own_batch_, samples_));
    result_.is_bounded = !result_.branches.back().keeps_up;
    const Branch& largest =
        result_.branches[result_.branches.size() - (result_.is_bounded ? 2 : 1)];
    result_.largest_that_keeps_up = largest.batch_size;
    const std::string up_to = human_count(largest.batch_size);
    const int64_t tolerance_percent = std::llround(100 * options_.tolerance);
    if (result_.is_bounded) {
      result_.reason =
          fmt::format("Up to {} images a step the loss keeps up within {} %; {} fall behind.",
                      up_to, tolerance_percent, human_count(result_.branches.back().batch_size));
    } else {
      result_.reason = fmt::format(
          "Up to {} images a step, the most that was tried, the loss keeps up within {} %.", up_to,
          tolerance_percent);
    }
    for (const Branch& branch : result_.branches) {
      if (branch.is_sure) continue;
      result_.reason += fmt::format(" Of {} that is not sure: {:+.1f} to {:+.1f} % in {} repeats.",
                                    human_count(branch.batch_size), 100 * branch.excess_low,
                                    100 * branch.excess_high, branch.losses.size());
    }
  }

  run::RunConfig config_;
  const train::CheckpointContent& content_;
  const CriticalBatchOptions& options_;
  CriticalBatch result_;
  int64_t own_batch_ = 0, samples_ = 0;
  double factor_ = 1;
};

}  // namespace

CriticalBatch measure_critical_batch(const run::RunConfig& config,
                                     const train::CheckpointContent& content,
                                     const CriticalBatchOptions& options) {
  return Branches(config, content, options).run();
}

}  // namespace stoker::autotune
