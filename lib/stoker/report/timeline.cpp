#include "stoker/report/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stoker/core/text.h"
#include "stoker/report/figures.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"

namespace stoker::report {

namespace {

using nlohmann::ordered_json;

bool is_thinned(const TimelineEvent& event) {
  return event.kind == "evaluation" || event.kind == "checkpoint";
}

void add_evaluations(const RunRecord& run, std::vector<TimelineEvent>& events) {
  for (const runs::MetricsRecord& record : run.metrics) {
    if (record.split == "val") {
      std::string text = fmt::format("evaluation at step {}", human_count(record.step));
      if (const auto top1 = record.value("top1"))
        text += fmt::format(": top 1 {}", value_text(*top1, Unit::kShare));
      if (const auto map = record.value("map"))
        text += fmt::format(": mAP {}", value_text(*map, Unit::kShare));
      if (const auto seconds = record.value("eval_s"))
        text += fmt::format(", in {}", human_duration(*seconds));
      events.push_back({record.step, "evaluation", text});
    } else if (record.split == "memory") {
      events.push_back(
          {record.step, "memory",
           fmt::format("micro-batches of {:.0f} from step {}",
                       record.value("microbatch").value_or(0), human_count(record.step))});
    }
  }
}

// Of events.jsonl where there is one; else the checkpoints that are kept, and what the log says.
void add_others(const RunRecord& run, std::vector<TimelineEvent>& events) {
  for (const ordered_json& line : run.events) {
    const auto step = line.find("step"), kind = line.find("event");
    if (step == line.end() || !step->is_number_integer() || kind == line.end()) continue;
    const int64_t at = *step;
    const auto time = line.find("time_utc");
    const std::string when =
        time != line.end() && time->is_string() ? ", " + time->get<std::string>() : "";
    if (*kind == "checkpoint")
      events.push_back(
          {at, "checkpoint", fmt::format("checkpoint at step {}{}", human_count(at), when)});
    if (*kind == "resume")
      events.push_back(
          {at, "resume", fmt::format("went on from step {}{}", human_count(at), when)});
    if (*kind == "end") {
      const auto reason = line.find("reason");
      const std::string why =
          reason != line.end() && reason->is_string() ? reason->get<std::string>() : "";
      events.push_back(
          {at, "end", fmt::format("ended at step {}: {}{}", human_count(at), why, when)});
    }
  }
  if (!run.events.empty()) return;
  for (const auto& entry : runs::list_checkpoints(run.overview.path / runs::kCheckpointsFolder))
    events.push_back(
        {entry.step, "checkpoint", fmt::format("checkpoint at step {}", human_count(entry.step))});
  for (const int64_t step : run.resumed_at)
    events.push_back({step, "resume", fmt::format("went on from step {}", human_count(step))});
}

}  // namespace

std::vector<TimelineEvent> timeline_of(const RunRecord& run, size_t most) {
  std::vector<TimelineEvent> events;
  add_evaluations(run, events);
  add_others(run, events);
  std::ranges::stable_sort(events, {}, &TimelineEvent::step);
  const auto thinned = static_cast<size_t>(std::ranges::count_if(events, is_thinned));
  if (thinned <= most) return events;
  const size_t every = (thinned + most - 1) / most;
  std::vector<TimelineEvent> few;
  size_t number = 0;
  for (TimelineEvent& event : events)
    if (!is_thinned(event) || number++ % every == 0) few.push_back(std::move(event));
  return few;
}

}  // namespace stoker::report
