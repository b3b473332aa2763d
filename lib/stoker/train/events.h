// Who sees the events of event.h, and in which order: every event reaches the algorithms, as they
// are listed in the config, then the callbacks, as they were added.
//
//   Events events(state, algorithms);
//   events.add(make_console(options));
//   events.emit(Event::kStepStart);
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stoker/train/event.h"
#include "stoker/train/micro_batch.h"
#include "stoker/train/state.h"

namespace stoker::train {

// How a run ended.
struct Ending {
  std::string reason;  // as stop_reason_text() has it, or failed
  std::string error;   // of a run that failed: what it says
};

// How much of an evaluation is done.
struct EvalProgress {
  int64_t done = 0, of = 0;  // images
};

// What an algorithm may change at an event.
struct Context {
  State& state;
  MicroBatch* batch = nullptr;                  // at kBatchReady, kLossReady and kMicroBatchDone
  const Ending* ending = nullptr;               // at kFitDone
  const EvalProgress* eval_progress = nullptr;  // at kEvalProgress
};

// The same for those who may only look.
struct View {
  const State& state;
  const MicroBatch* batch = nullptr;
  const Ending* ending = nullptr;
  const EvalProgress* eval_progress = nullptr;
};

// May change the training. Each has a name, under which its tensors stand in a checkpoint.
class Algorithm {
 public:
  virtual ~Algorithm() = default;
  virtual std::string name() const = 0;
  virtual void apply(Event event, Context& context) = 0;
  // Whether each step takes its gradients twice: at the weights, then at those to which this moves
  // them at kSecondPass, and from which it moves them back at kSecondPassDone.
  virtual bool wants_second_pass() const { return false; }
  // Whether State::rank_norm is measured, where there are several ranks.
  virtual bool wants_rank_norms() const { return false; }
  virtual optim::NamedTensors state_tensors() { return {}; }  // live
  // Weights that evaluation uses instead of the model's own, by the model's names; live. They stand
  // in a checkpoint's model.safetensors, the model's own in optimizer.safetensors as "training/…".
  virtual optim::NamedTensors evaluation_weights() { return {}; }
};
using Algorithms = std::vector<std::unique_ptr<Algorithm>>;

// May only look. (A tensor of LibTorch can be written through a const handle: callbacks do not.)
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void observe(Event event, const View& view) = 0;
};

class Events {
 public:
  // Both must outlive it.
  Events(State& state, Algorithms& algorithms) : state_(state), algorithms_(algorithms) {}

  void add(std::unique_ptr<Callback> callback) { callbacks_.push_back(std::move(callback)); }

  // Throws what an algorithm or a callback throws; those after it do not see the event then.
  void emit(Event event, MicroBatch* batch = nullptr);
  void emit_end(const Ending& ending);
  bool wants_second_pass() const {
    return std::ranges::any_of(algorithms_,
                               [](const auto& one) { return one->wants_second_pass(); });
  }
  bool wants_rank_norms() const {
    return std::ranges::any_of(algorithms_,
                               [](const auto& one) { return one->wants_rank_norms(); });
  }
  void emit_eval_progress(const EvalProgress& progress);

  // While an error is on its way: everybody sees the event, and what one of them throws is only
  // warned of.
  void emit_in_failure(Event event, const Ending* ending = nullptr);

 private:
  void emit(Event event, Context context);

  State& state_;
  Algorithms& algorithms_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
};

}  // namespace stoker::train
