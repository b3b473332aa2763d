#include "stoker/algorithms/optimizer_mean.h"

#include <ATen/core/grad_mode.h>

#include <map>
#include <string>
#include <utility>

#include "stoker/algorithms/stand_in.h"
#include "stoker/core/error.h"
#include "stoker/train/renew_norms.h"

namespace stoker::algorithms {
namespace {

using train::Event;

constexpr int64_t kNormImages = 4096;  // that statistics are taken of

class OptimizerMean : public train::Algorithm {
 public:
  OptimizerMean(train::State& state, train::Source source, train::Precision precision)
      : state_(state), source_(std::move(source)), precision_(precision), weights_(state.model()) {}

  std::string name() const override { return "optimizer_mean"; }

  void apply(Event event, train::Context& context) override {
    const int64_t step = context.state.position.step;
    if (event == Event::kEvalStart) {
      renewed_at_ = -1;
      take_mean();
      weights_.put_in();
      if (step > 0 && source_.dataset) {
        train::renew_norm_statistics(state_, source_, precision_,
                                     {kNormImages, (step - 1) / state_.facts.plan.steps_per_epoch});
        weights_.copy_from_model();
        renewed_at_ = step;
      }
    }
    if (event == Event::kEvalDone || event == Event::kEvalFailed) weights_.take_out();
  }

  // With the statistics of this step's evaluation, or those of training where there was none.
  optim::NamedTensors evaluation_weights() override {
    take_mean();
    return weights_.named();
  }

 private:
  void take_mean() {
    const at::NoGradGuard no_grad;
    if (renewed_at_ != state_.position.step) weights_.copy_from_model();
    std::map<std::string, at::Tensor> mean;
    for (auto& [name, tensor] : state_.optimizer().evaluation_weights()) mean.emplace(name, tensor);
    for (auto& [name, tensor] : weights_.named()) {
      const auto found = mean.find(name);
      if (found != mean.end()) tensor.copy_(found->second);
    }
  }

  train::State& state_;
  train::Source source_;
  train::Precision precision_;
  StandInWeights weights_;
  int64_t renewed_at_ = -1;  // the step whose norms' statistics are among the weights
};

}  // namespace

std::unique_ptr<train::Algorithm> make_optimizer_mean(train::State& state, train::Source train,
                                                      train::Precision precision) {
  if (train::has_foreign_norms(state.model())) {
    throw ConfigError(
        "optimizer: a schedule-free one has to take the statistics of batch norms again, and "
        "cannot reach those of this model: expected another optimizer, or a model that stoker "
        "builds itself.");
  }
  return std::make_unique<OptimizerMean>(state, std::move(train), precision);
}

}  // namespace stoker::algorithms
