#include "stoker/jobs/training.h"

#include <spdlog/spdlog.h>

#include "stoker/autotune/start.h"
#include "stoker/callbacks/live.h"
#include "stoker/callbacks/metrics_log.h"
#include "stoker/callbacks/table.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/log.h"
#include "stoker/jobs/machine.h"
#include "stoker/jobs/summary.h"
#include "stoker/machine/environment.h"
#include "stoker/report/page.h"
#include "stoker/report/run_record.h"
#include "stoker/run/agreement.h"
#include "stoker/run/load.h"
#include "stoker/run/memory.h"
#include "stoker/run/precision.h"
#include "stoker/run/session.h"
#include "stoker/runs/destination.h"
#include "stoker/runs/layout.h"

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

void write_origins(FileSystem& files, const runs::RunFolder& folder, const run::Session& session,
                   const config::Provenance& provenance) {
  write_file_atomically(files, folder.config(), as_bytes(run::resolved_yaml(session.config)));
  machine::RunPlaces places{
      .ranks = session.group->size(),
      .hosts = session.group->hosts(),
      .faster_precision = run::faster_precision(session.config.train.precision, session.device)};
  for (const auto& [key, location] : provenance)
    places.origins.emplace_back(key, config::to_string(location));
  machine::write_environment(files, folder.environment(), session.device, places);
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
                const monitor::Verdict& verdict, const std::string& energy,
                train::StopReason reason) {
  if (verdict.kind != "too_short") log().info(monitor::verdict_text(verdict));
  if (!energy.empty()) log().info(energy);
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
                              const run::Session& session, const std::exception& error) {
  try {
    write_summary(files, folder, session, "failed", error.what());
  } catch (const Error& second) {
    log().warn("no summary.json was written: {}", second.what());
  }
  if (!session.state->checkpoint.empty()) {
    log().info(
        "the last checkpoint is {}; once the cause is mended, go on with: stoker train --resume {}",
        session.state->checkpoint, folder.path().string());
  }
}

// What the command line set of the training itself.
std::vector<std::pair<std::string, std::string>> overrides_in(
    const config::Provenance& provenance) {
  std::vector<std::pair<std::string, std::string>> overrides;
  for (const auto& [key, location] : provenance) {
    const bool is_of_run = key == "name" || key.starts_with("run.") || key.starts_with("log.") ||
                           key.starts_with("monitor.");
    const size_t equals = location.source.find('=');
    if (location.origin == config::Origin::kOverride && !is_of_run && equals != std::string::npos &&
        location.source.substr(0, equals) == key)
      overrides.emplace_back(key, location.source.substr(equals + 1));
  }
  return overrides;
}

callbacks::RunFacts facts_of(const run::Session& session, const config::Provenance& provenance) {
  return {.normalization = session.train.pipelines.normalization(),
          .keeps_decoded = session.train.dataset->kept_bytes_estimate() > 0,
          .val_images = session.val.dataset,
          .max_pixels = session.val.loader.limits.max_pixels,
          .ranks = session.group->size(),
          .has_energy_budget = session.config.train.max_energy_kwh || session.config.train.max_cost,
          .faster_precision = run::faster_precision(session.config.train.precision, session.device),
          .overrides = overrides_in(provenance)};
}

http::ServerOptions address_of(const callbacks::MonitorOptions& options) {
  return {.address = options.address, .port = static_cast<uint16_t>(options.port.value_or(0))};
}

// log.report: what hinders it must not hide how the run ended.
void write_report(FileSystem& files, const runs::RunFolder& folder) {
  try {
    const report::RunRecord run = report::read_run(folder.path(), /*is_own=*/true);
    write_file_atomically(files, folder.path() / runs::kReportFile,
                          as_bytes(report::runs_page(std::span(&run, 1))));
    log().info("report: {}", (folder.path() / runs::kReportFile).string());
  } catch (const Error& error) {
    log().warn("no report was written: {}", error.what());
  }
}

// Of a rank that is not the first: it trains along, and writes nothing.
train::StopReason train_along(const std::optional<train::CheckpointContent>& content,
                              const std::optional<tuning::Line>& memory_model,
                              run::Session& session) {
  train::TrainerOptions options = run::trainer_options(session.config);
  options.machine = machine_options(session);
  options.memory_model = memory_model;
  options.memory_advice = [&session] { return run::memory_advice(session); };
  train::Trainer trainer(run::trainer_parts(session), session.schedule, std::move(options));
  if (content) trainer.load(*content);
  run::connect_ranks(session);
  set_interrupt_notices("", "");  // the first rank says what a signal does
  hear(*session.group);
  return trainer.fit();
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
  options.machine = machine_options(session);
  options.memory_model = memory_model;
  options.memory_advice = [&session] { return run::memory_advice(session); };
  train::Trainer trainer(parts, session.schedule, std::move(options));
  if (request.resume) {
    go_on_from(*request.resume, content ? &*content : nullptr, files, store,
               train::keep_of(config.checkpoint), trainer, state);
    content.reset();  // lets go of the mapped files
  }
  for (auto& callback : callbacks::make_callbacks(
           files, config.log, facts_of(session, request.provenance), folder.path())) {
    trainer.add(std::move(callback));
  }
  if (config.monitor.port)
    trainer.add(callbacks::make_live(address_of(config.monitor), folder.path()));
  for (auto& callback : request.callbacks) trainer.add(std::move(callback));
  try {
    run::connect_ranks(session);
    const train::StopReason reason = trainer.fit();
    const monitor::Verdict verdict =
        write_summary(files, folder, session, train::stop_reason_text(reason));
    report_end(state, folder, verdict, energy_line(session), reason);
    if (config.log.report) write_report(files, folder);
    return reason;
  } catch (const std::exception& error) {
    write_summary_of_failure(files, folder, session, error);
    if (config.log.report) write_report(files, folder);
    throw;
  }
}

TrainingResult train_as(dist::Group& group, TrainingRequest& request) {
  FileSystem& files = request.files != nullptr ? *request.files : real_file_system();
  if (group.is_first()) check_destinations(request.config, !request.resume);
  // What fails here leaves no new folder behind. A run that was killed before its first checkpoint
  // begins again.
  std::optional<train::CheckpointContent> content;
  if (request.resume && request.resume->checkpoint)
    content = train::read_checkpoint(*request.resume->checkpoint);
  if (!content) autotune::settle_batch(request.config, files, group);
  run::Session session = run::build_session(request.config, content ? &*content : nullptr, group);
  std::optional<tuning::Line> memory_model;
  if (!content) memory_model = autotune::settle(session, files);
  run::check_ranks_agree(session);
  TrainingResult result;
  if (!group.is_first()) {
    result.reason = train_along(content, memory_model, session);
    return result;
  }
  result.folder = request.resume
                      ? request.resume->folder
                      : runs::RunFolder::create(request.config.run.dir, request.config.name);
  const runs::RunFolder& folder = *result.folder;
  std::optional<runs::RunLock> lock;
  if (!request.resume) lock.emplace(folder.path());
  try {
    write_origins(files, folder, session, request.provenance);
  } catch (const FileError&) {  // a start that is refused leaves no folder
    std::error_code none;
    if (!request.resume) std::filesystem::remove_all(folder.path(), none);
    throw;
  }
  group.note_run(std::filesystem::absolute(folder.path()).string());
  const LogToFile log_to_file(folder.log());
  log().info(run::plan_text(session));
  result.reason = train_in(folder, request, std::move(content), memory_model, files, session);
  return result;
}

}  // namespace

void check_destinations(const run::RunConfig& config, bool is_new) {
  if (is_new) {
    runs::check_name(config.name);
    runs::check_destination("run.dir", std::filesystem::path(config.run.dir) / config.name);
  }
  if (!config.log.mlflow.empty()) runs::check_destination("log.mlflow", config.log.mlflow);
  if (!config.monitor.port) return;
  try {
    http::check_address(address_of(config.monitor));
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("monitor.port: {}", error.what()));
  }
}

TrainingResult run_training(TrainingRequest request) {
  return with_ranks(request.ranks, request.config,
                    [&](dist::Group& group) { return train_as(group, request); });
}

}  // namespace stoker::jobs
