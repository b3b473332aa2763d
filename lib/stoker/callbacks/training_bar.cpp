#include "stoker/callbacks/training_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/text.h"

namespace stoker::callbacks {

namespace {

std::string rate_text(double images_per_s) {
  return human_count(std::llround(images_per_s)) + " img/s";
}

}  // namespace

std::string epoch_text(const train::State& state) {
  const double of = state.facts.plan.epoch(state.facts.plan.total_steps);
  const double at = std::ceil(state.epoch() - 1e-9);
  return fmt::format("epoch {:.0f}/{:g}", std::clamp(at, 1.0, std::ceil(of)),
                     std::round(of * 100) / 100);
}

void TrainingBar::start(const train::State& state) {
  watch_ = {};
  left_out_s_ = 0;
  first_step_ = state.position.step;
  steps_ = {};
  steps_.note(0, static_cast<double>(first_step_));
}

void TrainingBar::step_done(const train::State& state) {
  steps_.note(watch_.elapsed_s() - left_out_s_, static_cast<double>(state.position.step));
}

void TrainingBar::logged(const train::State& state) { logged_ = state.position.window; }

ProgressText TrainingBar::text(const train::State& state) const {
  const train::StepPlan& plan = state.facts.plan;
  const int64_t step = state.position.step;
  const int64_t begin =
      std::max<int64_t>(step - 1, 0) / plan.steps_per_epoch * plan.steps_per_epoch;
  const int64_t of = std::min(plan.steps_per_epoch, plan.total_steps - begin);
  ProgressText text{.head = epoch_text(state), .done = step - begin, .of = of};
  text.count = count_text(text.done, of);

  const bool is_read = state.position.window.steps > 0;
  if (is_read || logged_) {
    const train::LogWindow& window = is_read ? state.position.window : *logged_;
    text.parts.push_back(fmt::format("loss {:.3f}", window.loss()));
    text.parts.push_back(fmt::format("lr {:.3g}", window.lr));
  }
  const double steps_per_s = steps_.per_s();
  if (steps_per_s <= 0) return text;
  const auto left = static_cast<double>(plan.total_steps - step);
  const double left_out_a_step = left_out_s_ / static_cast<double>(step - first_step_);
  text.parts.push_back(rate_text(steps_per_s * static_cast<double>(plan.batch_size)));
  text.parts.push_back("eta " + clock_text(static_cast<double>(of - text.done) / steps_per_s));
  text.parts.push_back("run " + clock_text(left / steps_per_s + left * left_out_a_step));
  return text;
}

EvaluationBar::EvaluationBar(const train::State& state)
    : text_{.head = epoch_text(state) + "  val"} {
  images_.note(0, 0);
}

void EvaluationBar::note(const train::EvalProgress& progress) {
  images_.note(watch_.elapsed_s(), static_cast<double>(progress.done));
  text_.done = progress.done;
  text_.of = progress.of;
  text_.count = count_text(progress.done, progress.of);
  text_.parts = {rate_text(images_.per_s()),
                 "eta " + clock_text(images_.left_s(double(progress.of - progress.done)))};
}

}  // namespace stoker::callbacks
