#include "stoker/algorithms/ema.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>

#include <algorithm>
#include <cmath>

#include "stoker/weights/state_dict.h"

namespace stoker::algorithms {

void describe(EmaOptions& o, config::Fields& fields) {
  fields("decay", o.decay, "share of the average that stays at each update").in(0, 1);
  fields("every_steps", o.every_steps, "optimizer steps between updates; decay is raised to it")
      .positive();
}

namespace {

using train::Event;

class Ema : public train::Algorithm {
 public:
  Ema(const EmaOptions& options, train::State& state) : options_(options) {
    for (auto& [name, tensor] : weights::state_dict(state.model())) {
      if (!tensor.is_floating_point()) continue;
      names_.push_back(name);
      weights_.push_back(tensor.detach());
      averages_.push_back(tensor.detach().clone());
    }
  }

  std::string name() const override { return "ema"; }

  void apply(Event event, train::Context& context) override {
    const at::NoGradGuard no_grad;
    const int64_t step = context.state.position.step;
    if (event == Event::kFitStart && step == 0) at::_foreach_copy_(averages_, weights_);
    if (event == Event::kStepDone && step % options_.every_steps == 0) update(step);
    if (event == Event::kEvalStart) {
      std::vector<at::Tensor> own;
      for (const at::Tensor& weight : weights_) own.push_back(weight.clone());
      own_ = std::move(own);  // all of them, should memory run out
      at::_foreach_copy_(weights_, averages_);
    }
    const bool evaluated = event == Event::kEvalDone || event == Event::kEvalFailed;
    if (evaluated && !own_.empty()) {
      at::_foreach_copy_(weights_, own_);
      own_.clear();
    }
  }

  optim::NamedTensors evaluation_weights() override {
    optim::NamedTensors named;
    for (size_t i = 0; i < names_.size(); ++i) named.emplace_back(names_[i], averages_[i]);
    return named;
  }

 private:
  void update(int64_t step) {
    const double warm = (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step));
    const double decay =
        std::pow(std::min(options_.decay, warm), static_cast<double>(options_.every_steps));
    at::_foreach_lerp_(averages_, weights_, 1 - decay);
  }

  EmaOptions options_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_, averages_, own_;
};

}  // namespace

std::unique_ptr<train::Algorithm> make_ema(const EmaOptions& options, train::State& state) {
  return std::make_unique<Ema>(options, state);
}

}  // namespace stoker::algorithms
