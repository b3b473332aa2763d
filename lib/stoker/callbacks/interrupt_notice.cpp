#include "stoker/callbacks/interrupt_notice.h"

#include <fmt/format.h>

#include "stoker/core/interrupt.h"
#include "stoker/core/stop_reminder.h"

namespace stoker::callbacks {

namespace {

class InterruptNotice : public train::Callback {
 public:
  explicit InterruptNotice(std::filesystem::path run) : run_(std::move(run)) {}
  ~InterruptNotice() override { clear(); }

  void observe(train::Event event, const train::View& view) override {
    if (event == train::Event::kFitStart) announce(view.state.position.step);
    if (event == train::Event::kCheckpointDone) announce(saved_step(view.state));
    if (event == train::Event::kStepStart) remind_of_step(view.state);
    if (event == train::Event::kEvalStart)
      set_stop_reminder(
          fmt::format("still in the evaluation after step {}", view.state.position.step));
    if (event == train::Event::kFitDone) clear();
  }

 private:
  // The newest checkpoint's folder is named after its step.
  static int64_t saved_step(const train::State& state) {
    const std::string name = std::filesystem::path(state.checkpoint).filename();
    const size_t digits = name.find_first_of("0123456789");
    return digits == std::string::npos ? 0 : std::stoll(name.substr(digits));
  }

  static void clear() {
    set_interrupt_notices("", "");
    set_stop_reminder("");
  }

  static void remind_of_step(const train::State& state) {
    const train::StepPlan plan = state.plan();
    set_stop_reminder(
        fmt::format("still in step {} of {}: a micro-batch of {} images is computed to its end",
                    state.position.step + 1, plan.total_steps, plan.microbatch));
  }

  void announce(int64_t step) const {
    set_interrupt_notices(
        "stopping after this step, then saving; once more leaves at once without saving",
        step == 0
            ? std::string("left without saving: nothing of this run was saved")
            : fmt::format("left without saving: the steps after {} are lost. Go on with: stoker "
                          "train --resume {}",
                          step, run_.string()));
  }

  std::filesystem::path run_;
};

}  // namespace

std::unique_ptr<train::Callback> make_interrupt_notice(const std::filesystem::path& run) {
  return std::make_unique<InterruptNotice>(run);
}

}  // namespace stoker::callbacks
