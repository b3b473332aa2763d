#include "stoker/algorithms/swa.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "stoker/algorithms/stand_in.h"
#include "stoker/core/error.h"
#include "stoker/train/renew_norms.h"

namespace stoker::algorithms {

void describe(SwaOptions& o, config::Fields& fields) {
  fields("start", o.start, "share of the run after which epochs count").in(0, 1);
  fields("every_epochs", o.every_epochs, "epochs between weights that enter the mean").positive();
  fields("lr", o.lr, "learning rate from the start of the mean on; schedule: the schedule's own")
      .positive()
      .unset_as("schedule");
  fields("anneal_epochs", o.anneal_epochs,
         "epochs in which the rate goes from the schedule's to lr")
      .at_least(0);
  fields("norm_images", o.norm_images,
         "training images from which the statistics of batch norms are taken for each mean")
      .positive();
}

namespace {

using train::Event;

class Swa : public train::Algorithm {
 public:
  Swa(const SwaOptions& options, train::State& state, train::Source source,
      train::Precision precision)
      : options_(options),
        source_(std::move(source)),
        precision_(precision),
        weights_(state.model()),
        count_(at::zeros({}, at::kLong)) {}

  std::string name() const override { return "swa"; }

  void apply(Event event, train::Context& context) override {
    train::State& state = context.state;
    switch (event) {
      case Event::kFitStart:
        if (state.position.step == 0) count_.zero_();
        break;
      case Event::kStepStart:
        pull_rate(state);
        break;
      case Event::kEpochDone:
        if (is_due(state)) add_to_mean(state);
        break;
      case Event::kEvalStart:
        if (has_mean()) weights_.put_in();
        break;
      case Event::kEvalDone:
      case Event::kEvalFailed:
        weights_.take_out();
        break;
      default:
        break;
    }
  }

  optim::NamedTensors state_tensors() override { return {{"count", count_}}; }
  optim::NamedTensors evaluation_weights() override {
    if (!has_mean()) weights_.copy_from_model();
    return weights_.named();
  }

 private:
  bool has_mean() const { return count_.item<int64_t>() > 0; }

  static double first_epoch(const SwaOptions& options, const train::StepPlan& plan) {
    return options.start * plan.epoch(plan.total_steps);
  }

  bool is_due(const train::State& state) const {
    const train::StepPlan& plan = state.facts.plan;
    const int64_t epoch = state.position.step / plan.steps_per_epoch;
    const auto first =
        std::max<int64_t>(1, static_cast<int64_t>(std::ceil(first_epoch(options_, plan) - 1e-9)));
    return epoch >= first && (epoch - first) % options_.every_epochs == 0;
  }

  void pull_rate(train::State& state) const {
    if (!options_.lr) return;
    state.lr_pull.reset();
    const double since = state.epoch() - first_epoch(options_, state.facts.plan);
    if (since < 0) return;
    const double share =
        options_.anneal_epochs > 0 ? std::min(1.0, since / options_.anneal_epochs) : 1.0;
    state.lr_pull =
        train::LrPull{.factor = *options_.lr / state.optimizer().base_lr(), .share = share};
  }

  void add_to_mean(train::State& state) {
    const at::NoGradGuard no_grad;
    const int64_t count = count_.item<int64_t>();
    weights_.move_towards_model(1.0 / static_cast<double>(count + 1));
    count_.fill_(count + 1);
    weights_.put_in();
    try {
      // Of the epoch that comes.
      train::renew_norm_statistics(
          state, source_, precision_,
          {options_.norm_images, state.position.step / state.facts.plan.steps_per_epoch});
      weights_.copy_from_model();
    } catch (...) {
      weights_.take_out();
      throw;
    }
    weights_.take_out();
  }

  SwaOptions options_;
  train::Source source_;
  train::Precision precision_;
  StandInWeights weights_;  // the means
  at::Tensor count_;        // of weights in them
};

}  // namespace

std::unique_ptr<train::Algorithm> make_swa(const SwaOptions& options, train::State& state,
                                           train::Source train, train::Precision precision) {
  const train::StepPlan& plan = state.facts.plan;
  const double epochs = plan.epoch(plan.total_steps);
  if (std::ceil(options.start * epochs - 1e-9) > std::floor(epochs + 1e-9)) {
    throw ConfigError(fmt::format(
        "algorithms.swa.start: {:g} of {:g} epochs: no epoch ends after that, so that no weights "
        "would be averaged. Set it lower, or train.epochs to a whole number.",
        options.start, epochs));
  }
  if (train::has_foreign_norms(state.model())) {
    throw ConfigError(
        "algorithms: swa has to take the statistics of batch norms again, and cannot reach those "
        "of this model: expected ema, or a model that stoker builds itself.");
  }
  return std::make_unique<Swa>(options, state, std::move(train), precision);
}

}  // namespace stoker::algorithms
