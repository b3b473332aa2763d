#include "stoker/callbacks/data_wait.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

#include "stoker/core/cpu.h"
#include "stoker/core/log.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::LogWindow;
using train::State;

constexpr const char* kKind = "data";  // of the verdict that says the same
constexpr double kReportedFrom = 0.1;  // share of the time
constexpr double kJudgedAfter_s = 2;   // of steps
constexpr double kMostlyIdle = 0.5;    // share of the threads' time

struct Stage {
  std::string_view name;
  double time_s;
  std::string_view remedy;
};

constexpr std::string_view kRead =
    "Reading is the slowest: put the data set on a faster or local disk";
constexpr std::string_view kDecode =
    "Decoding is the slowest: store the images nearer to the size that training uses";
constexpr std::string_view kAugment =
    "Augmenting is the slowest: use fewer or cheaper steps in augment";
constexpr std::string_view kCopy =
    "Copying is the slowest: store the images nearer to the size that training uses";

// What helps whatever the stage.
std::string further_remedies(const LogWindow& window, const InputFacts& facts, bool from_files) {
  std::string text;
  if (from_files && !facts.keeps_decoded) {
    text += "; keep decoded images in memory (data.cache=memory) if they fit";
  }
  if (window.loader_threads < facts.usable_cpus) {
    text += fmt::format("; raise data.threads, now {} of {} usable CPUs", window.loader_threads,
                        facts.usable_cpus);
  }
  return text;
}

class DataWaitWatch : public train::Callback {
 public:
  DataWaitWatch(InputFacts facts, std::shared_ptr<Said> said)
      : facts_(facts), said_(std::move(said)) {
    if (facts_.usable_cpus == 0) facts_.usable_cpus = usable_cpus();
  }

  void observe(Event event, const train::View& view) override {
    const State& state = view.state;
    if (event == Event::kFitStart) first_step_ = state.position.step;
    if (event != Event::kLog || said_->kinds.contains(kKind)) return;
    if (std::exchange(is_first_, false)) return;
    if (facts_.keeps_decoded &&
        state.position.step - first_step_ <= state.facts.plan.steps_per_epoch)
      return;
    add(state.position.window);
    if (seen_.time_s < kJudgedAfter_s) return;
    if (seen_.data_wait_s > kReportedFrom * seen_.time_s) {
      log().warn(data_wait_advice(seen_, facts_));
      said_->kinds.insert(kKind);
    }
    seen_ = {};
  }

 private:
  void add(const LogWindow& window) {
    seen_.steps += window.steps;
    seen_.time_s += window.time_s;
    seen_.data_wait_s += window.data_wait_s;
    seen_.stages += window.stages;
    seen_.loader_threads = window.loader_threads;
  }

  InputFacts facts_;
  LogWindow seen_;
  int64_t first_step_ = 0;  // of this process
  bool is_first_ = true;    // it waits for the first batch, whatever the loader does
  std::shared_ptr<Said> said_;
};

}  // namespace

std::string data_wait_advice(const LogWindow& window, const InputFacts& facts) {
  const loader::StageTimes& times = window.stages;
  const std::array<Stage, 4> stages{{{"reading", times.read_s, kRead},
                                     {"decoding", times.decode_s, kDecode},
                                     {"augmenting", times.augment_s, kAugment},
                                     {"copying", times.copy_s, kCopy}}};
  const double threads_s = std::max(window.time_s * window.loader_threads, times.total_s());
  std::string text =
      fmt::format("training waits for images {:.0f}% of the time. The loader's {} threads spend ",
                  100 * window.data_wait_s / window.time_s, window.loader_threads);
  for (const Stage& stage : stages) {
    if (stage.time_s > 0.005 * threads_s)
      text += fmt::format("{:.0f}% on {}, ", 100 * stage.time_s / threads_s, stage.name);
  }
  const double idle = 1 - times.total_s() / threads_s;
  text += fmt::format("{:.0f}% idle. ", 100 * idle);
  const Stage& slowest = *std::ranges::max_element(stages, {}, &Stage::time_s);
  if (idle > kMostlyIdle) {
    text += "They may not work far enough ahead: raise data.prefetch_mib";
  } else {
    text += slowest.remedy;
  }
  return text + further_remedies(window, facts, times.read_s + times.decode_s > times.augment_s) +
         ".";
}

std::unique_ptr<train::Callback> make_data_wait_watch(InputFacts facts,
                                                      std::shared_ptr<Said> said) {
  return std::make_unique<DataWaitWatch>(facts, std::move(said));
}

}  // namespace stoker::callbacks
