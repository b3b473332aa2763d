#include "stoker/callbacks/verdict_watch.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "stoker/callbacks/columns.h"
#include "stoker/core/cpu.h"
#include "stoker/core/log.h"
#include "stoker/monitor/verdict.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;

// The figures of a line by their names.
monitor::Facts::Line figures_of(const nlohmann::ordered_json& record) {
  return [&record](std::string_view key) -> std::optional<double> {
    const auto found = record.find(std::string(key));
    return found != record.end() && found->is_number() ? std::optional(found->get<double>())
                                                       : std::nullopt;
  };
}

class VerdictWatch : public train::Callback {
 public:
  VerdictWatch(std::shared_ptr<EventsFile> file, const VerdictContext& context,
               std::shared_ptr<Said> said)
      : file_(std::move(file)), said_(std::move(said)) {
    facts_.ranks = context.ranks;
    facts_.faster_precision = context.faster_precision;
    facts_.usable_cpus = usable_cpus();
  }

  void observe(Event event, const train::View& view) override {
    const State& state = view.state;
    if (event == Event::kLog) add_line(state);
    if (event == Event::kEvalDone && state.eval) {
      const auto eval_s = [&](std::string_view) { return std::optional(state.eval->time_s); };
      facts_.add_evaluation(eval_s);
    }
    if (event == Event::kEpochDone) judge_epoch(state);
  }

 private:
  void add_line(const State& state) {
    facts_.gpu = state.machine.gpu;
    facts_.on_gpu = !state.facts.device.is_cpu() || !facts_.gpu.empty();
    const nlohmann::ordered_json record = train_record(state);
    if (std::exchange(is_first_line_, false)) {
      facts_.note_line(figures_of(record));
    } else {
      facts_.add_training(figures_of(record));
    }
  }

  void judge_epoch(const State& state) {
    const monitor::Facts facts = std::exchange(facts_, facts_.next());
    const monitor::Verdict verdict = monitor::judge(facts);
    if (verdict.kind == "too_short") return;
    file_->write("verdict", state,
                 {{"kind", verdict.kind},
                  {"text", verdict.text},
                  {"advice", verdict.advice},
                  {"gpu", facts.gpu}});
    const bool is_new = said_->kinds.insert(verdict.kind).second;
    const bool is_last = state.position.step >= state.facts.plan.total_steps;  // the run's follows
    if (is_new && !is_last) log().info(verdict_text(verdict));
  }

  std::shared_ptr<EventsFile> file_;
  std::shared_ptr<Said> said_;
  monitor::Facts facts_;
  bool is_first_line_ = true;
};

}  // namespace

std::unique_ptr<train::Callback> make_verdict_watch(std::shared_ptr<EventsFile> file,
                                                    const VerdictContext& context,
                                                    std::shared_ptr<Said> said) {
  return std::make_unique<VerdictWatch>(std::move(file), context, std::move(said));
}

}  // namespace stoker::callbacks
