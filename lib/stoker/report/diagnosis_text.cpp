#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "stoker/core/json_text.h"
#include "stoker/core/shown.h"
#include "stoker/core/table_text.h"
#include "stoker/core/text.h"
#include "stoker/report/diagnosis.h"
#include "stoker/runs/columns.h"

namespace stoker::report {

using monitor::Facts;
using nlohmann::ordered_json;

namespace {

struct Share {
  const char* name;  // of JSON
  const char* text;
  double seconds;
};

std::vector<Share> shares_of(const Facts& facts) {
  return {{"steps", "in steps", facts.steps_s},
          {"data_wait", "  of it waiting for images", facts.data_wait_s},
          {"exchange_wait", "  of it waiting for other ranks", facts.exchange_wait_s},
          {"evaluation", "in evaluations", facts.eval_s},
          {"checkpoints", "waiting for checkpoints", facts.save_s}};
}

std::vector<Share> stages_of(const Facts& facts) {
  return {{"read_us", "read", facts.read_s},
          {"decode_us", "decode", facts.decode_s},
          {"augment_us", "augment", facts.augment_s},
          {"copy_us", "copy", facts.copy_s}};
}

double us_an_image(const Facts& facts, double seconds) {
  return facts.images > 0 ? 1e6 * seconds / facts.images : 0;
}

std::string state_text(const runs::RunOverview& run) {
  std::string text(runs::state_name(run.state));
  if (!run.reason.empty() && run.reason != text) text += fmt::format(" ({})", shown(run.reason));
  text += fmt::format(", step {}", human_count(run.step));
  if (run.epochs) text += fmt::format(", epoch {:.4g} of {:g}", run.epoch, *run.epochs);
  return text;
}

std::string time_text(const Facts& facts) {
  std::string text;
  for (const Share& share : shares_of(facts)) {
    if (share.seconds <= 0) continue;
    text += fmt::format("  {:>4.0f}%  {}\n", 100 * share.seconds / facts.wall_s, share.text);
  }
  return text;
}

std::string stages_text(const Facts& facts) {
  std::string text;
  for (const Share& stage : stages_of(facts)) {
    if (stage.seconds <= 0) continue;
    text += fmt::format("{}{} {:.0f}", text.empty() ? "" : ", ", stage.text,
                        us_an_image(facts, stage.seconds));
  }
  if (text.empty()) return "";
  return fmt::format("an image costs the loader, in microseconds of one of its {} threads: {}\n",
                     facts.loader_threads, text);
}

std::string figures_text(const Facts& facts) {
  std::vector<TextRow> rows;
  for (const runs::Column& column : runs::train_columns()) {
    const auto mean = facts.mean(column.name);
    if (!mean || column.name == "slowest_rank") continue;  // a number, of which there is no mean
    const bool is_bare = column.unit.empty() || column.unit == "share";
    rows.push_back(
        {"  " + std::string(column.name),
         fmt::format("{:.4g}{}{}", *mean, is_bare ? "" : " ", is_bare ? "" : column.unit),
         std::string(column.what)});
  }
  return rows.empty() ? "" : "means over its log lines:\n" + aligned(rows);
}

}  // namespace

std::string diagnosis_text(const Diagnosis& diagnosis) {
  const Facts& facts = diagnosis.facts;
  std::string text =
      fmt::format("{}  {}\n", shown(diagnosis.run.path.string()), state_text(diagnosis.run));
  text += fmt::format("verdict: {}.\n", shown(diagnosis.verdict.text));
  if (!diagnosis.verdict.advice.empty())
    text += fmt::format("advice:  {}.\n", shown(diagnosis.verdict.advice));
  for (const std::string& note : diagnosis.notes) text += fmt::format("- {}\n", shown(note));
  if (facts.lines == 0 || facts.wall_s <= 0) return text;
  text += fmt::format(
      "\n{} of {} log lines, on {}: {} images/s\n", human_duration(facts.wall_s), facts.lines,
      facts.on_gpu ? facts.gpu.empty() ? "a GPU" : shown(facts.gpu) : "the CPU",
      human_count(std::llround(facts.steps_s > 0 ? facts.images / facts.steps_s : 0)));
  return text + time_text(facts) + stages_text(facts) + figures_text(facts);
}

std::string diagnosis_json(const Diagnosis& diagnosis) {
  const Facts& facts = diagnosis.facts;
  ordered_json json{{"run", diagnosis.run.path.string()},
                    {"state", runs::state_name(diagnosis.run.state)},
                    {"reason", diagnosis.run.reason},
                    {"verdict",
                     {{"kind", diagnosis.verdict.kind},
                      {"text", diagnosis.verdict.text},
                      {"advice", diagnosis.verdict.advice}}},
                    {"notes", diagnosis.notes},
                    {"lines", facts.lines},
                    {"wall_s", facts.wall_s},
                    {"images_per_s", facts.steps_s > 0 ? facts.images / facts.steps_s : 0},
                    {"time", ordered_json::object()},
                    {"loader", {{"threads", facts.loader_threads}}},
                    {"figures", ordered_json::object()}};
  for (const Share& share : shares_of(facts))
    json["time"][share.name] = facts.wall_s > 0 ? share.seconds / facts.wall_s : 0;
  for (const Share& stage : stages_of(facts))
    json["loader"][stage.name] = us_an_image(facts, stage.seconds);
  for (const auto& [key, mean] : facts.means)
    if (const auto value = facts.mean(key)) json["figures"][key] = *value;
  return json_text(json, 2) + "\n";
}

}  // namespace stoker::report
