#include "stoker/callbacks/run_events.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "stoker/callbacks/record_file.h"
#include "stoker/core/json_text.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"

namespace stoker::callbacks {

namespace {

using nlohmann::ordered_json;
using train::Event;

std::string now_utc() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

class RunEvents : public train::Callback {
 public:
  RunEvents(FileSystem& files, const std::filesystem::path& folder)
      : is_new_(!std::filesystem::exists(folder / runs::kEventsFile)),
        file_(files, folder / runs::kEventsFile) {}

  void observe(Event event, const train::View& view) override {
    const train::State& state = view.state;
    if (event == Event::kFitStart) write(is_new_ ? "start" : "resume", state);
    if (event == Event::kEvalDone && state.eval)
      write("evaluation", state, {{"seconds", state.eval->time_s}});
    if (event == Event::kCheckpointDone) {
      // Written in the background: of a step that may lie behind the present one.
      const auto step = runs::step_of(state.checkpoint, runs::kStepPrefix);
      write("checkpoint", state, {{"step", step.value_or(state.position.step)}});
    }
    if (event == Event::kMemoryChange)
      write("memory", state, {{"microbatch", state.plan().microbatch}});
    if (event == Event::kFitDone && view.ending != nullptr)
      write("end", state, {{"reason", view.ending->reason}});
  }

 private:
  void write(const char* name, const train::State& state,
             const ordered_json& more = ordered_json::object()) {
    ordered_json line{{"time_utc", now_utc()},
                      {"event", name},
                      {"step", state.position.step},
                      {"epoch", state.epoch()},
                      {"time_s", state.position.train_time_s}};
    line.update(more);
    file_.append(json_text(line) + "\n");
  }

  bool is_new_;
  RecordFile file_;
};

}  // namespace

std::unique_ptr<train::Callback> make_run_events(FileSystem& files,
                                                 const std::filesystem::path& folder) {
  return std::make_unique<RunEvents>(files, folder);
}

}  // namespace stoker::callbacks
