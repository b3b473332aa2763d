#include "stoker/algorithms/noise_scale.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <string>
#include <vector>

#include "stoker/core/log.h"
#include "stoker/optim/clip.h"
#include "stoker/tuning/noise_scale.h"

namespace stoker::algorithms {

void describe(NoiseScaleOptions& o, config::Fields& fields) {
  fields("keep", o.keep,
         "share of the averages that stays from step to step: 0.99 looks back over some hundred")
      .in(0, 0.99999);
}

namespace {

using train::Event;
using train::State;

// What a step measured, until the device is waited for anyway.
struct Measured {
  int64_t step = 0;
  at::Tensor small_norm, big_norm;  // of gradients of the sum of losses over the planned batch
  double factor = 1;                // that batch over the scale of the loss
  int64_t small = 0, big = 0;       // images
};

class NoiseScaleMeter : public train::Algorithm {
 public:
  explicit NoiseScaleMeter(const NoiseScaleOptions& options)
      : noise_(options.keep), averages_(at::zeros({4}, at::kDouble)) {}

  std::string name() const override { return "noise_scale"; }
  bool wants_rank_norms() const override { return true; }

  void apply(Event event, train::Context& context) override {
    State& state = context.state;
    switch (event) {
      case Event::kFitStart:
        start(state);
        break;
      case Event::kStepStart:
        now_ = {.step = state.position.step};
        // Memory ran out in the update: the step is taken again.
        if (!measured_.empty() && measured_.back().step == now_.step) measured_.pop_back();
        break;
      case Event::kSecondPass:
        now_ = {.step = state.position.step};  // gradients are taken again
        break;
      case Event::kMicroBatchDone:
        note_micro_batch(state, *context.batch);
        break;
      case Event::kGradientsReady:
        note_step(state);
        break;
      case Event::kLog:
        read(state);
        break;
      case Event::kFitDone:
        end(state);
        break;
      default:
        break;
    }
  }

  optim::NamedTensors state_tensors() override {
    read_measured();
    return {{"averages", averages_}};
  }

 private:
  void start(State& state) {
    const double* kept = averages_.const_data_ptr<double>();
    noise_.restore({.gradient_squared = kept[0],
                    .noise = kept[1],
                    .weight = kept[2],
                    .steps = static_cast<int64_t>(kept[3])});
    state.noise_scale = noise_.b_simple();
    if (state.plan().grad_accumulation < 2) {
      log().warn(
          "algorithms: noise_scale measures nothing where a step is one micro-batch; set "
          "train.microbatch to {} or less",
          (state.facts.plan.batch_size + 1) / 2);
    }
  }

  void note_micro_batch(State& state, const train::MicroBatch& batch) {
    if (state.facts.plan.ranks > 1) return;  // gradients of all may be summed already
    if (now_.big == 0 && state.plan().grad_accumulation > 1) {
      now_.small_norm = optim::grad_norm(state.optimizer());
      now_.small = batch.labels.size(0);
    }
    now_.big += batch.labels.size(0);
  }

  // With several ranks the small batches are their shares, all of which are measured.
  void note_ranks(const State& state) {
    now_ = {.step = state.position.step};
    if (!state.rank_norm) return;
    now_.small_norm = state.rank_norm->mean_squared.sqrt();
    now_.small = static_cast<int64_t>(std::llround(state.rank_norm->images));
    now_.big = state.facts.plan.batch_size;
  }

  void note_step(State& state) {
    if (state.facts.plan.ranks > 1) note_ranks(state);
    if (now_.small == 0 || now_.small >= now_.big) return;
    now_.big_norm = optim::grad_norm(state.optimizer());
    const double scale = state.scaler() != nullptr ? state.scaler()->scale_value() : 1;
    now_.factor = static_cast<double>(state.facts.plan.batch_size) / scale;
    measured_.push_back(std::move(now_));
    now_ = {};
  }

  // Gradients are of the sum of losses over batch; the estimator wants those of means.
  void read_measured() {
    if (measured_.empty()) return;
    std::vector<at::Tensor> norms;
    for (const Measured& one : measured_) {
      norms.push_back(one.small_norm);
      norms.push_back(one.big_norm);
    }
    const at::Tensor read = at::stack(norms).to(at::kCPU, at::kDouble).contiguous();
    const double* norm = read.const_data_ptr<double>();
    for (const Measured& one : measured_) {
      const auto mean_squared = [&](double of_sum, int64_t images) {
        const double of_mean = of_sum * one.factor / static_cast<double>(images);
        return of_mean * of_mean;
      };
      noise_.note({.small_squared = mean_squared(norm[0], one.small),
                   .big_squared = mean_squared(norm[1], one.big),
                   .small_batch = one.small,
                   .big_batch = one.big});
      norm += 2;
    }
    measured_.clear();
    const tuning::NoiseAverages& averages = noise_.averages();
    double* kept = averages_.mutable_data_ptr<double>();
    kept[0] = averages.gradient_squared;
    kept[1] = averages.noise;
    kept[2] = averages.weight;
    kept[3] = static_cast<double>(averages.steps);
  }

  void read(State& state) {
    read_measured();
    state.noise_scale = noise_.b_simple();
  }

  void end(State& state) {
    read(state);
    if (noise_.averages().steps == 0) return;
    log().info("{}", noise_.advice(state.facts.plan.batch_size));
    log().info("{}", tuning::NoiseScale::kCaveat);
  }

  tuning::NoiseScale noise_;
  at::Tensor averages_;  // of noise_, as a checkpoint keeps them
  Measured now_;
  std::vector<Measured> measured_;
};

}  // namespace

std::unique_ptr<train::Algorithm> make_noise_scale(const NoiseScaleOptions& options,
                                                   train::State&) {
  return std::make_unique<NoiseScaleMeter>(options);
}

}  // namespace stoker::algorithms
