#include "stoker/algorithms/ema.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "stoker/algorithms/stand_in.h"
#include "stoker/core/error.h"

namespace stoker::algorithms {

void describe(EmaOptions& o, config::Fields& fields) {
  fields("decay", o.decay, "share of the average that stays at each update").in(0, 1);
  fields("more_decays", o.more_decays,
         "averages of other decays that are kept in checkpoints too; eval.average chooses one")
      .in(0, 1);
  fields("every_steps", o.every_steps, "optimizer steps between updates; decay is raised to it")
      .positive();
}

namespace {

using train::Event;

class Ema : public train::Algorithm {
 public:
  Ema(const EmaOptions& options, const train::State& state)
      : options_(options), averages_(state.model()) {
    for (size_t i = 0; i < options.more_decays.size(); ++i) more_.emplace_back(state.model());
  }

  std::string name() const override { return "ema"; }

  void apply(Event event, train::Context& context) override {
    const int64_t step = context.state.position.step;
    if (event == Event::kFitStart && step == 0) begin();
    if (event == Event::kStepDone && step % options_.every_steps == 0) update(step);
    if (event == Event::kEvalStart) averages_.put_in();
    if (event == Event::kEvalDone || event == Event::kEvalFailed) averages_.take_out();
  }

  optim::NamedTensors evaluation_weights() override { return averages_.named(); }
  optim::NamedTensors state_tensors() override {
    optim::NamedTensors tensors;
    for (size_t i = 0; i < more_.size(); ++i) {
      for (auto& [name, tensor] : more_[i].named())
        tensors.emplace_back(fmt::format("{}/{}", options_.more_decays[i], name), tensor);
    }
    return tensors;
  }

 private:
  void begin() {
    averages_.copy_from_model();
    for (StandInWeights& average : more_) average.copy_from_model();
  }

  void update(int64_t step) {
    averages_.move_towards_model(share_at(step, options_.decay));
    for (size_t i = 0; i < more_.size(); ++i)
      more_[i].move_towards_model(share_at(step, options_.more_decays[i]));
  }

  // Of the weights after `step` in the average.
  double share_at(int64_t step, double decay) const {
    const double warm = (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step));
    return 1 - std::pow(std::min(decay, warm), static_cast<double>(options_.every_steps));
  }

  EmaOptions options_;
  StandInWeights averages_;
  std::vector<StandInWeights> more_;  // of more_decays
};

}  // namespace

std::string average_prefix(double decay) { return fmt::format("ema/{}/", decay); }

std::unique_ptr<train::Algorithm> make_ema(const EmaOptions& options, train::State& state) {
  std::set<double> decays{options.decay};
  for (const double decay : options.more_decays) {
    if (!decays.insert(decay).second)
      throw ConfigError(
          fmt::format("algorithms.ema.more_decays: {} is there already, here or as decay.", decay));
  }
  return std::make_unique<Ema>(options, state);
}

}  // namespace stoker::algorithms
