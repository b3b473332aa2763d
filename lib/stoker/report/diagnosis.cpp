#include "stoker/report/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "stoker/config/values.h"
#include "stoker/core/json_fields.h"
#include "stoker/core/text.h"
#include "stoker/report/run_facts.h"

namespace stoker::report {

using nlohmann::ordered_json;
using runs::MetricsRecord;

namespace {

bool is_event(const ordered_json& event, const char* name) {
  return text_in(event, "event") == name;
}

// What an evaluation at this step took, by events.jsonl; of several the last.
double evaluation_s(const RunRecord& run, int64_t step) {
  double seconds = 0;
  for (const ordered_json& event : run.events)
    if (is_event(event, "evaluation") &&
        number_in(event, "step").value_or(-1) == static_cast<double>(step))
      seconds = number_in(event, "seconds").value_or(0);
  return seconds;
}

// The lines of a run that an older stoker logged, with the clock's time and threads as a newer one
// would have them: steps and evaluations alone take time.
void complete_lines(RunRecord& run) {
  const auto has_clock = [](const MetricsRecord& r) { return r.value("wall_s").has_value(); };
  if (std::ranges::any_of(run.metrics, has_clock)) return;
  const std::string set = run.setting("data.threads");
  const double threads =
      config::parse_number(set).value_or(number_in(run.environment, "usable_cpus").value_or(0));
  double last_s = 0, evaluated_s = 0;
  for (MetricsRecord& record : run.metrics) {
    if (record.split == "val") {
      record.values["eval_s"] = evaluation_s(run, record.step);
      evaluated_s += record.values["eval_s"];
    }
    const auto time_s = record.value("time_s");
    if (record.split != "train" || !time_s) continue;
    record.values["wall_s"] =
        *time_s - std::exchange(last_s, *time_s) + std::exchange(evaluated_s, 0);
    record.values["loader_threads"] = threads;
  }
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

// A run whose last quarter was much slower than its first.
std::string slowdown_note(const RunRecord& run) {
  constexpr size_t kFewest = 8;
  constexpr double kMuch = 0.8;
  std::vector<double> rates;
  for (const MetricsRecord& record : run.metrics)
    if (const auto rate = record.value("images_per_s"); rate && record.split == "train")
      rates.push_back(*rate);
  if (rates.size() < kFewest) return "";
  const auto quarter = std::ssize(rates) / 4;
  const double first = median({rates.begin(), rates.begin() + quarter});
  const double last = median({rates.end() - quarter, rates.end()});
  if (last >= kMuch * first) return "";
  return fmt::format("it became slower: {} images/s in the first quarter, {} in the last",
                     human_count(std::llround(first)), human_count(std::llround(last)));
}

std::string memory_note(const RunRecord& run) {
  std::optional<double> least, first_step;
  for (const MetricsRecord& record : run.metrics) {
    const auto microbatch = record.value("microbatch");
    if (record.split != "memory" || !microbatch) continue;
    if (!first_step) first_step = static_cast<double>(record.step);
    least = std::min(least.value_or(*microbatch), *microbatch);
  }
  if (!least) return "";
  return fmt::format(
      "memory ran short: micro-batches changed from step {:.0f} on, down to {:.0f} images "
      "(train.microbatch={:.0f} begins with that)",
      *first_step, *least, *least);
}

std::string skipped_note(const RunRecord& run) {
  double skipped = 0;
  for (const MetricsRecord& record : run.metrics)
    if (record.split == "train") skipped += record.value("skipped_steps").value_or(0);
  if (skipped == 0) return "";
  return fmt::format("{:.0f} updates were skipped, for losses that were not finite", skipped);
}

std::vector<std::string> notes_of(const RunRecord& run) {
  std::vector<std::string> notes;
  if (!run.overview.error.empty()) notes.push_back("it failed: " + run.overview.error);
  for (std::string note : {slowdown_note(run), memory_note(run), skipped_note(run)})
    if (!note.empty()) notes.push_back(std::move(note));
  constexpr size_t kMost = 3;
  const size_t first = run.warnings.size() - std::min(kMost, run.warnings.size());
  for (size_t i = first; i < run.warnings.size(); ++i)
    notes.push_back("it warned: " + run.warnings[i]);
  return notes;
}

}  // namespace

Diagnosis diagnose(const std::filesystem::path& path) { return diagnose(read_run(path)); }

Diagnosis diagnose(RunRecord run) {
  complete_lines(run);
  Diagnosis diagnosis{
      .run = run.overview, .facts = run_facts(run), .verdict = {}, .notes = notes_of(run)};
  diagnosis.verdict = monitor::judge(diagnosis.facts);
  return diagnosis;
}

}  // namespace stoker::report
