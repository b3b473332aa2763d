#include "stoker/train/events.h"

#include <spdlog/spdlog.h>

#include "stoker/core/log.h"

namespace stoker::train {

namespace {

template <class Work>
void warn_of_failure(const Work& work) {
  try {
    work();
  } catch (const std::exception& error) {
    log().warn("after the error that ends the run, another: {}", error.what());
  }
}

}  // namespace

void Events::emit(Event event, MicroBatch* batch) {
  emit(event, Context{.state = state_, .batch = batch});
}

void Events::emit_end(const Ending& ending) {
  emit(Event::kFitDone, Context{.state = state_, .ending = &ending});
}

void Events::emit_eval_progress(const EvalProgress& progress) {
  emit(Event::kEvalProgress, Context{.state = state_, .eval_progress = &progress});
}

void Events::emit(Event event, Context context) {
  for (auto& algorithm : algorithms_) algorithm->apply(event, context);
  const View view{context.state, context.batch, context.ending, context.eval_progress};
  for (auto& callback : callbacks_) callback->observe(event, view);
}

void Events::emit_in_failure(Event event, const Ending* ending) {
  Context context{.state = state_, .ending = ending};
  for (auto& algorithm : algorithms_) {
    warn_of_failure([&] { algorithm->apply(event, context); });
  }
  const View view{.state = state_, .ending = ending};
  for (auto& callback : callbacks_) {
    warn_of_failure([&] { callback->observe(event, view); });
  }
}

}  // namespace stoker::train
