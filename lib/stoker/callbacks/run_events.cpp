#include "stoker/callbacks/run_events.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"

namespace stoker::callbacks {

namespace {

using train::Event;

class RunEvents : public train::Callback {
 public:
  explicit RunEvents(std::shared_ptr<EventsFile> file) : file_(std::move(file)) {}

  void observe(Event event, const train::View& view) override {
    const train::State& state = view.state;
    if (event == Event::kFitStart) file_->write(file_->is_new() ? "start" : "resume", state);
    if (event == Event::kEvalDone && state.eval)
      file_->write("evaluation", state, {{"seconds", state.eval->time_s}});
    if (event == Event::kCheckpointDone) {
      // Written in the background: of a step that may lie behind the present one.
      const auto step = runs::step_of(state.checkpoint, runs::kStepPrefix);
      file_->write("checkpoint", state, {{"step", step.value_or(state.position.step)}});
    }
    if (event == Event::kMemoryChange)
      file_->write("memory", state, {{"microbatch", state.plan().microbatch}});
    if (event == Event::kFitDone && view.ending != nullptr)
      file_->write("end", state, {{"reason", view.ending->reason}});
  }

 private:
  std::shared_ptr<EventsFile> file_;
};

}  // namespace

std::unique_ptr<train::Callback> make_run_events(std::shared_ptr<EventsFile> file) {
  return std::make_unique<RunEvents>(std::move(file));
}

}  // namespace stoker::callbacks
