#include "stoker/jobs/summary.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "stoker/train/checkpoint_store.h"
#include "stoker/train/metric_names.h"

namespace stoker::jobs {

using nlohmann::ordered_json;

namespace {

// Folds the evaluations of metrics.jsonl into the last and the best value of each metric.
void read_evaluations(const runs::RunFolder& folder, ordered_json& last, ordered_json& best) {
  if (!std::filesystem::exists(folder.metrics())) return;
  std::istringstream lines(read_file(folder.metrics()));
  for (std::string line; std::getline(lines, line);) {
    const auto record = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || record.value("split", "") != "val") continue;
    for (const train::EvalMetric& metric : train::eval_metrics()) {
      const std::string name(metric.name);
      const std::string key = name.substr(name.find('.') + 1);
      if (!record.contains(key) || !record[key].is_number()) continue;
      const double value = record[key];
      last[name] = value;
      if (!best.contains(name) ||
          train::is_better(value, best[name].get<double>(), train::is_better_lower(name))) {
        best[name] = value;
      }
    }
  }
}

}  // namespace

void write_summary(FileSystem& files, const runs::RunFolder& folder, const train::State& state,
                   std::string_view reason, std::string_view error) {
  ordered_json last = ordered_json::object(), best = ordered_json::object();
  read_evaluations(folder, last, best);
  ordered_json summary{
      {"reason", reason},
      {"steps", state.step},
      {"epochs", state.plan.epoch(state.step)},
      {"train_time_s", state.train_time_s},
      {"images_per_s",
       state.train_time_s > 0 ? static_cast<double>(state.images_seen) / state.train_time_s : 0.0},
      {"final", last},
      {"best", best}};
  // The metrics at the top level too, where other tools look for them.
  for (const auto& [name, value] : last.items()) summary[name] = value;
  ordered_json checkpoints = ordered_json::object();
  for (const char* pointer : {"latest", "best"}) {
    if (std::filesystem::exists(folder.checkpoints() / pointer)) {
      checkpoints[pointer] =
          train::resolve_checkpoint(folder.checkpoints() / pointer, false).string();
    }
  }
  summary["checkpoints"] = checkpoints;
  if (!error.empty()) summary["error"] = error;
  write_file_atomically(files, folder.summary(), as_bytes(summary.dump(2) + "\n"));
}

}  // namespace stoker::jobs
