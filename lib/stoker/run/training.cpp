#include "stoker/run/training.h"

#include <spdlog/spdlog.h>

#include "stoker/algorithms/table.h"
#include "stoker/callbacks/metrics_log.h"
#include "stoker/callbacks/table.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/log.h"
#include "stoker/run/environment.h"
#include "stoker/run/lock.h"
#include "stoker/run/session.h"
#include "stoker/run/summary.h"

namespace stoker::run {

namespace {

// Lines go into the run's log.txt for the lifetime of this.
class LogToFile {
 public:
  explicit LogToFile(const std::filesystem::path& path) { add_log_file(path); }
  ~LogToFile() { remove_log_file(); }
  LogToFile(const LogToFile&) = delete;
  LogToFile& operator=(const LogToFile&) = delete;
};

void write_origins(const RunFolder& folder, const TrainingRequest& request,
                   const Session& session) {
  write_file_atomically(real_file_system(), folder.config(), as_bytes(request.config_yaml));
  write_environment(folder.environment(), session.device);
  // A run that goes on loads none and keeps the record of its beginning.
  if (session.weights) {
    write_file_atomically(real_file_system(), folder.weights(),
                          as_bytes(to_json(*session.weights)));
  }
}

// Where a run that was killed before its first checkpoint stands.
void start_again(const RunFolder& folder) {
  log().warn("{} holds no checkpoint: training starts at step 0", folder.path().string());
  callbacks::rewind_metrics_log(folder.metrics(), 0);
}

void resume_from_checkpoint(const std::filesystem::path& checkpoint, const RunFolder& folder,
                            train::Trainer& trainer, train::State& state) {
  trainer.load(train::read_checkpoint(checkpoint));
  callbacks::rewind_metrics_log(folder.metrics(), state.step);
  log().info("going on from {} at step {} of {}", checkpoint.string(), state.step,
             state.plan.total_steps);
}

void say_end(const train::State& state, const RunFolder& folder, train::StopReason reason) {
  if (reason == train::StopReason::kInterrupted) {
    log().info("interrupted at step {} of {}; saved. Go on with: stoker train --resume {}",
               state.step, state.plan.total_steps, folder.path().string());
    return;
  }
  log().info("done: {} after {} steps; everything is in {}", train::stop_reason_text(reason),
             state.step, folder.path().string());
  log().info("evaluate it with: stoker eval {}", folder.path().string());
}

// The summary of a run that an error ended; what hinders it must not hide that error.
void write_summary_of_failure(const RunFolder& folder, const train::State& state,
                              const std::exception& error) {
  try {
    write_summary(folder, state, "failed", error.what());
  } catch (const Error& second) {
    log().warn("no summary.json was written: {}", second.what());
  }
  if (!state.checkpoint.empty()) {
    log().info(
        "the last checkpoint is {}; once the cause is mended, go on with: stoker train --resume {}",
        state.checkpoint, folder.path().string());
  }
}

callbacks::RunFacts facts_of(const Session& session) {
  return {.normalization = session.train.pipeline->normalization(),
          .keeps_decoded = session.train.dataset->kept_bytes_estimate() > 0};
}

// checkpoint: what the run goes on from; empty for one that begins.
train::StopReason train_in(const RunFolder& folder, const TrainingRequest& request,
                           const std::filesystem::path& checkpoint, Session& session) {
  const RunConfig& config = session.config;
  train::State state{.model = *session.model,
                     .optimizer = *session.optimizer,
                     .scaler = session.scaler.get(),
                     .plan = session.plan,
                     .seed = static_cast<uint64_t>(config.seed),
                     .class_names = session.train.dataset->class_names(),
                     .context = session.context,
                     .device = session.device};
  train::CheckpointStore store(real_file_system(), folder.checkpoints());
  train::TrainerParts parts{.train = session.train,
                            .val = session.val,
                            .schedule = build_schedule(config, session.plan),
                            .checkpoints = &store,
                            .config_yaml = request.config_yaml};
  for (const config::Choice& choice : config.algorithms) {
    parts.algorithms.push_back(algorithms::algorithms().build(choice, state));
  }
  train::Trainer trainer(state, std::move(parts),
                         {.train = config.train,
                          .eval = config.eval,
                          .checkpoint = config.checkpoint,
                          .log_every_steps = config.log.every_steps});
  if (!checkpoint.empty()) {
    resume_from_checkpoint(checkpoint, folder, trainer, state);
  } else if (!session.weights) {
    initialize_from_data(*session.model, session.train, session.val, session.device);
  }
  for (auto& callback : callbacks::make_callbacks(config.log, facts_of(session), folder.path())) {
    trainer.add(std::move(callback));
  }
  try {
    const train::StopReason reason = trainer.fit();
    write_summary(folder, state, train::stop_reason_text(reason));
    say_end(state, folder, reason);
    return reason;
  } catch (const std::exception& error) {
    write_summary_of_failure(folder, state, error);
    throw;
  }
}

}  // namespace

TrainingResult run_training(TrainingRequest request) {
  Session session = build_session(request.config);
  if (!request.resume) begin_with_weights(session);  // what fails here leaves no folder behind
  TrainingResult result{
      .folder = request.resume ? *request.resume
                               : RunFolder::create(request.config.run.dir, request.config.name)};
  const RunLock lock(result.folder.path());
  std::filesystem::path checkpoint;
  if (request.resume) {
    checkpoint =
        train::CheckpointStore(real_file_system(), result.folder.checkpoints()).newest_whole();
    if (checkpoint.empty()) begin_with_weights(session);
  }
  write_origins(result.folder, request, session);
  const LogToFile log_to_file(result.folder.log());
  if (request.resume && checkpoint.empty()) start_again(result.folder);
  log().info(plan_text(session));
  result.reason = train_in(result.folder, request, checkpoint, session);
  return result;
}

}  // namespace stoker::run
