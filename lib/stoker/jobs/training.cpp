#include "stoker/jobs/training.h"

#include <spdlog/spdlog.h>

#include "stoker/autotune/start.h"
#include "stoker/callbacks/metrics_log.h"
#include "stoker/callbacks/table.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/log.h"
#include "stoker/jobs/summary.h"
#include "stoker/machine/environment.h"
#include "stoker/run/load.h"
#include "stoker/run/memory.h"
#include "stoker/run/session.h"

namespace stoker::jobs {

namespace {

// Lines go into the run's log.txt for the lifetime of this.
class LogToFile {
 public:
  explicit LogToFile(const std::filesystem::path& path) { add_log_file(path); }
  ~LogToFile() { remove_log_file(); }
  LogToFile(const LogToFile&) = delete;
  LogToFile& operator=(const LogToFile&) = delete;
};

void write_origins(FileSystem& files, const runs::RunFolder& folder, const run::Session& session) {
  write_file_atomically(files, folder.config(), as_bytes(run::resolved_yaml(session.config)));
  machine::write_environment(files, folder.environment(), session.device);
  // A run that goes on loads none and keeps the record of its beginning.
  if (session.weights) {
    write_file_atomically(files, folder.weights(), as_bytes(to_json(*session.weights)));
  }
}

// Puts the checkpoint into the trainer, and what the run wrote after it out of the way.
void go_on_from(const runs::ResumePoint& point, const train::CheckpointContent* content,
                FileSystem& files, train::CheckpointStore& store,
                const train::CheckpointStore::Keep& keep, train::Trainer& trainer,
                const train::State& state) {
  const runs::RunFolder& folder = point.folder;
  const int64_t& step = state.position.step;
  if (content != nullptr) trainer.load(*content);
  const int64_t newest_kept = point.checkpoint ? step : -1;
  for (const std::filesystem::path& aside : store.set_aside_after(newest_kept, keep)) {
    log().info("moved to {}: the run goes back behind it", aside.string());
  }
  callbacks::rewind_metrics_log(files, folder.metrics(), step);
  if (!point.checkpoint) {
    log().warn("{} holds no checkpoint: training starts at step 0", folder.path().string());
    return;
  }
  const int64_t total_steps = state.facts.plan.total_steps;
  log().info("going on from {} at step {} of {}", point.checkpoint->folder().string(), step,
             total_steps);
  if (step >= total_steps) {
    log().info("nothing is left to train; for more, set train.epochs above {:g}", state.epoch());
  }
}

void report_end(const train::State& state, const runs::RunFolder& folder,
                train::StopReason reason) {
  if (reason == train::StopReason::kInterrupted) {
    log().info("interrupted at step {} of {}; saved. Go on with: stoker train --resume {}",
               state.position.step, state.facts.plan.total_steps, folder.path().string());
    return;
  }
  log().info("done: {} after {} steps; everything is in {}", train::stop_reason_text(reason),
             state.position.step, folder.path().string());
  log().info("evaluate it with: stoker eval {}", folder.path().string());
}

// The summary of a run that an error ended; what hinders it must not hide that error.
void write_summary_of_failure(FileSystem& files, const runs::RunFolder& folder,
                              const train::State& state, const std::exception& error) {
  try {
    write_summary(files, folder, state, "failed", error.what());
  } catch (const Error& second) {
    log().warn("no summary.json was written: {}", second.what());
  }
  if (!state.checkpoint.empty()) {
    log().info(
        "the last checkpoint is {}; once the cause is mended, go on with: stoker train --resume {}",
        state.checkpoint, folder.path().string());
  }
}

callbacks::RunFacts facts_of(const run::Session& session) {
  return {.normalization = session.train.pipelines.normalization(),
          .keeps_decoded = session.train.dataset->kept_bytes_estimate() > 0};
}

train::StopReason train_in(const runs::RunFolder& folder, TrainingRequest& request,
                           std::optional<train::CheckpointContent> content,
                           const std::optional<tuning::Line>& memory_model, FileSystem& files,
                           run::Session& session) {
  const run::RunConfig& config = session.config;
  const train::State& state = *session.state;
  train::CheckpointStore store(files, folder.checkpoints());
  store.create();
  train::TrainerParts parts = run::trainer_parts(session);
  parts.checkpoints = &store;
  train::TrainerOptions options = run::trainer_options(config);
  options.logs = {folder.metrics()};
  options.config_yaml = run::resolved_yaml(config);
  options.memory_model = memory_model;
  options.memory_advice = [&session] { return run::memory_advice(session); };
  train::Trainer trainer(parts, session.schedule, std::move(options));
  if (request.resume) {
    go_on_from(*request.resume, content ? &*content : nullptr, files, store,
               train::keep_of(config.checkpoint), trainer, state);
    content.reset();  // lets go of the mapped files
  }
  for (auto& callback :
       callbacks::make_callbacks(files, config.log, facts_of(session), folder.path())) {
    trainer.add(std::move(callback));
  }
  for (auto& callback : request.callbacks) trainer.add(std::move(callback));
  try {
    const train::StopReason reason = trainer.fit();
    write_summary(files, folder, state, train::stop_reason_text(reason));
    report_end(state, folder, reason);
    return reason;
  } catch (const std::exception& error) {
    write_summary_of_failure(files, folder, state, error);
    throw;
  }
}

}  // namespace

TrainingResult run_training(TrainingRequest request) {
  FileSystem& files = request.files != nullptr ? *request.files : real_file_system();
  // What fails here leaves no new folder behind. A run that was killed before its first checkpoint
  // begins again.
  std::optional<train::CheckpointContent> content;
  if (request.resume && request.resume->checkpoint)
    content = train::read_checkpoint(*request.resume->checkpoint);
  if (!content) autotune::settle_batch(request.config, files);
  run::Session session = run::build_session(request.config, content ? &*content : nullptr);
  std::optional<tuning::Line> memory_model;
  if (!content) memory_model = autotune::settle(session, files);
  TrainingResult result{.folder = request.resume ? request.resume->folder
                                                 : runs::RunFolder::create(request.config.run.dir,
                                                                           request.config.name)};
  std::optional<runs::RunLock> lock;
  if (!request.resume) lock.emplace(result.folder.path());
  write_origins(files, result.folder, session);
  const LogToFile log_to_file(result.folder.log());
  log().info(run::plan_text(session));
  result.reason =
      train_in(result.folder, request, std::move(content), memory_model, files, session);
  return result;
}

}  // namespace stoker::jobs
