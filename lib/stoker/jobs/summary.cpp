#include "stoker/jobs/summary.h"

#include <nlohmann/json.hpp>

#include "stoker/core/json_text.h"
#include "stoker/jobs/machine.h"
#include "stoker/report/run_facts.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "stoker/runs/metrics_file.h"
#include "stoker/train/metric_names.h"

namespace stoker::jobs {

using nlohmann::ordered_json;

namespace {

// The metrics of the last evaluation of metrics.jsonl.
ordered_json last_evaluation(const runs::RunFolder& folder) {
  ordered_json last = ordered_json::object();
  for (const runs::MetricsRecord& record : runs::read_metrics(folder.metrics())) {
    if (record.split != "val") continue;
    for (const train::EvalMetric& metric : train::eval_metrics()) {
      const std::string name(metric.name);
      last.erase(name);
      if (const auto value = record.value(metric.key())) last[name] = *value;
    }
  }
  return last;
}

// The checkpoint that a pointer names; empty where there is none.
std::filesystem::path pointed(const runs::RunFolder& folder, const char* pointer) {
  const std::filesystem::path path = folder.checkpoints() / pointer;
  return std::filesystem::exists(path) ? runs::resolve_checkpoint(path, /*prefer_best=*/false)
                                       : std::filesystem::path();
}

// One checkpoint, with all that was measured of it.
ordered_json best_checkpoint(const runs::RunFolder& folder) {
  ordered_json best = ordered_json::object();
  const std::filesystem::path checkpoint = pointed(folder, runs::kBest);
  if (checkpoint.empty()) return best;
  const auto state = try_parse_ordered_json(runs::read_checkpoint_state(checkpoint));
  if (!state.is_object() || !state.contains("metrics")) return best;
  best["checkpoint"] = checkpoint.string();
  best["step"] = state["step"];
  best["epoch"] = state["epoch"];
  for (const auto& [name, value] : state["metrics"].items()) best[name] = value;
  return best;
}

monitor::Verdict verdict_of(const runs::RunFolder& folder) {
  return monitor::judge(report::run_facts(report::read_run(folder.path(), /*is_own=*/true)));
}

}  // namespace

monitor::Verdict write_summary(FileSystem& files, const runs::RunFolder& folder,
                               const run::Session& session, std::string_view reason,
                               std::string_view error) {
  const train::State& state = *session.state;
  const ordered_json last = last_evaluation(folder);
  const train::Position& position = state.position;
  ordered_json summary{
      {"reason", reason},
      {"steps", position.step},
      {"epochs", state.epoch()},
      {"train_time_s", position.train_time_s},
      {"images_per_s", position.train_time_s > 0
                           ? static_cast<double>(position.images_seen) / position.train_time_s
                           : 0.0},
      {"peak_bytes", state.peak_bytes},
      {"model_bytes",
       {{"parameters", session.memory.parameters},
        {"gradients", session.memory.gradients},
        {"optimizer_state", session.memory.optimizer_state}}},
      {"world_size", session.group->size()},
      {"hosts", session.group->hosts()},
      {"device", session.device.str()},
      {"final", last},
      {"best", best_checkpoint(folder)}};
  summary["energy"] = energy_summary(session);
  const monitor::Verdict verdict = verdict_of(folder);
  summary["verdict"] = {{"kind", verdict.kind}, {"text", verdict.text}, {"advice", verdict.advice}};
  // The metrics at the top level too, where other tools look for them.
  for (const auto& [name, value] : last.items()) summary[name] = value;
  ordered_json checkpoints = ordered_json::object();
  for (const char* pointer : {runs::kLatest, runs::kBest}) {
    const std::filesystem::path checkpoint = pointed(folder, pointer);
    if (!checkpoint.empty()) checkpoints[pointer] = checkpoint.string();
  }
  summary["checkpoints"] = checkpoints;
  if (!error.empty()) summary["error"] = error;
  write_file_atomically(files, folder.summary(), as_bytes(json_text(summary, 2) + "\n"));
  return verdict;
}

}  // namespace stoker::jobs
