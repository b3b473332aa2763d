#include "stoker/jobs/resume_check.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "stoker/callbacks/columns.h"
#include "stoker/callbacks/metrics_log.h"
#include "stoker/core/clock.h"
#include "stoker/core/cpu.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/run/load.h"
#include "stoker/run/session.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/folder.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/metrics_lines.h"
#include "stoker/train/checkpoint.h"
#include "stoker/train/checkpoint_compare.h"

namespace stoker::jobs {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct Pair {
  runs::RunFolder folder;
  std::optional<runs::CheckpointEntry> from;
  runs::CheckpointEntry to;
};

Pair pick_pair(const fs::path& path) {
  const bool is_checkpoint = fs::is_regular_file(path) || runs::is_checkpoint(path);
  const fs::path named = is_checkpoint ? runs::resolve_checkpoint(path, false) : fs::path();
  const runs::RunFolder folder =
      is_checkpoint ? runs::RunFolder::holding(named) : runs::RunFolder::open(path);
  const auto list = runs::list_checkpoints(folder.checkpoints());
  if (!is_checkpoint) {
    if (list.empty()) {
      throw ConfigError(fmt::format(
          "{}: the run has no checkpoint yet: there is nothing to compare", path.string()));
    }
    if (list.size() == 1) return {folder, std::nullopt, list.back()};
    return {folder, list[list.size() - 2], list.back()};
  }
  for (size_t i = 0; i + 1 < list.size(); ++i) {
    if (fs::equivalent(list[i].folder, named)) return {folder, list[i], list[i + 1]};
  }
  throw ConfigError(
      fmt::format("{}: no later checkpoint of the run is left to compare with", path.string()));
}

// Keeps the lines that the run would have written.
class KeepLines : public train::Callback {
 public:
  explicit KeepLines(std::vector<json>& lines) : lines_(lines) {}
  void observe(train::Event event, const train::View& view) override {
    if (const auto line = callbacks::metrics_line(event, view.state))
      lines_.push_back(callbacks::without_clocks(runs::parse_metrics_object(*line).value()));
  }

 private:
  std::vector<json>& lines_;
};

void compare_metrics(const runs::RunFolder& folder, const std::vector<json>& lines,
                     ResumeCheck& check) {
  if (!fs::exists(folder.metrics())) return;
  std::set<json> written;
  for (const auto& record : runs::metrics_objects(read_file(folder.metrics())))
    written.insert(callbacks::without_clocks(record));
  for (const json& line : lines) {
    if (line.value("step", int64_t{0}) <= check.from_step) continue;
    ++check.metric_lines;
    if (!written.contains(line)) {
      check.differences.push_back(fmt::format("metrics.jsonl has no line {}", json_text(line)));
    }
  }
}

std::vector<std::string> cautions_for(const Pair& pair, const run::Session& session) {
  std::vector<std::string> cautions;
  if (!session.device.is_cpu()) {
    cautions.push_back("on a GPU sums are taken in no fixed order: small differences are expected");
  }
  if (pair.from && read_file(pair.from->folder / runs::kConfigFile) !=
                       read_file(pair.to.folder / runs::kConfigFile)) {
    cautions.push_back("the configuration changed between the two checkpoints");
  }
  if (session.state->position.grad_accumulation > 0) {
    cautions.push_back(
        "memory ran out on the way, and micro-batches became smaller: differences are expected "
        "where that came at another step than it did in the run");
  }
  const json then = try_parse_json(read_file(pair.folder.environment()));
  if (!then.is_object()) return cautions;
  if (then.value("usable_cpus", usable_cpus()) != usable_cpus()) {
    cautions.push_back(fmt::format("the run had {} processors, this process has {}",
                                   then["usable_cpus"].get<int>(), usable_cpus()));
  }
  if (then.value("device", session.device.str()) != session.device.str()) {
    cautions.push_back(fmt::format("the run was on {}, this process is on {}",
                                   then["device"].get<std::string>(), session.device.str()));
  }
  return cautions;
}

}  // namespace

ResumeCheck check_resumption(const fs::path& path, std::span<const std::string> overrides) {
  const Pair pair = pick_pair(path);
  const train::CheckpointContent expected =
      train::read_checkpoint(runs::WholeCheckpoint(pair.to.folder));
  run::RunConfig config =
      run::load_run_config(pair.to.folder / runs::kConfigFile, overrides).options;
  config.train.max_steps = pair.to.step;
  config.train.max_time.clear();
  config.train.max_energy_kwh.reset();
  config.train.max_cost.reset();
  std::optional<train::CheckpointContent> begin;
  if (pair.from) begin = train::read_checkpoint(runs::WholeCheckpoint(pair.from->folder));
  run::Session session = run::build_session(config, begin ? &*begin : nullptr);
  train::TrainerOptions options = run::trainer_options(config);
  options.evaluates_at_budget = false;
  train::Trainer trainer(run::trainer_parts(session), session.schedule, options);
  ResumeCheck check{.to = pair.to.folder, .to_step = pair.to.step};
  if (pair.from) {
    check.from = pair.from->folder;
    check.from_step = pair.from->step;
    trainer.load(*begin);
    begin.reset();  // lets go of the mapped files
  }
  std::vector<json> lines;
  trainer.add(std::make_unique<KeepLines>(lines));

  const Stopwatch watch;
  if (trainer.fit() == train::StopReason::kInterrupted) {
    throw Interrupted(fmt::format("stopped at step {} of {}; nothing was compared",
                                  session.state->position.step, check.to_step));
  }
  check.time_s = watch.elapsed_s();
  check.differences = train::differences(expected, trainer.content());
  check.tensors = std::ssize(expected.model) + std::ssize(expected.optimizer);
  compare_metrics(pair.folder, lines, check);
  check.cautions = cautions_for(pair, session);
  return check;
}

}  // namespace stoker::jobs
