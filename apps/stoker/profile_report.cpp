#include "profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/core/json_text.h"
#include "stoker/core/text.h"
#include "stoker/core/units.h"

namespace stoker::app {

namespace {

using nlohmann::ordered_json;

double ms_a_step(const jobs::Profile& profile, double seconds) {
  return 1e3 * seconds / static_cast<double>(profile.steps);
}

double total_s(const jobs::Profile& profile, trace::Stage stage) {
  const auto row = std::ranges::find(profile.stages, stage, &jobs::StageRow::stage);
  return row == profile.stages.end() ? 0 : row->total_s;
}

// Of the steps' time, what none of the stages within them has taken.
double unnamed_s(const jobs::Profile& profile) {
  double named_s = 0;
  for (const jobs::StageRow& row : profile.stages)
    if (!is_of_loader(row.stage) && row.stage != trace::Stage::kStep) named_s += row.total_s;
  return std::max(total_s(profile, trace::Stage::kStep) - named_s, 0.0);
}

void print_stage(const jobs::Profile& profile, const char* name, double seconds) {
  fmt::print("  {:<10}  {:>9.2f}  {:>5.1f}%\n", name, ms_a_step(profile, seconds),
             100 * seconds / profile.profiled_s);
}

void print_training(const jobs::Profile& profile) {
  fmt::print("\n  {:<10}  {:>9}  {:>6}\n", "training", "ms a step", "share");
  for (const jobs::StageRow& row : profile.stages) {
    if (!is_of_loader(row.stage) && row.stage != trace::Stage::kStep)
      print_stage(profile, trace::name(row.stage), row.total_s);
  }
  print_stage(profile, "the rest", unnamed_s(profile));
  if (profile.subject.device != "cpu") {
    fmt::print(
        "These are the host's times, which runs ahead of the device. The device was busy "
        "for {:.1f}% of the steps' time.\n",
        100e-9 * static_cast<double>(profile.recording.device_busy_ns) / profile.profiled_s);
  }
}

void print_loader(const jobs::Profile& profile) {
  const bool has_any = std::ranges::any_of(
      profile.stages, [](const jobs::StageRow& row) { return is_of_loader(row.stage); });
  if (!has_any) return;
  fmt::print("\n  {:<10}  {:>9}  {:>12}  {:>7}\n", "loader", "ms a step", "us an image", "threads");
  for (const jobs::StageRow& row : profile.stages) {
    if (!is_of_loader(row.stage)) continue;
    fmt::print("  {:<10}  {:>9.2f}  {:>12.1f}  {:>7}\n", trace::name(row.stage),
               ms_a_step(profile, row.total_s), 1e6 * row.total_s / static_cast<double>(row.count),
               row.threads);
  }
}

void print_after(const jobs::Profile& profile) {
  fmt::print("\n");
  if (profile.evaluated_images > 0) {
    fmt::print("evaluation of {} images {:.1f} ms; ", human_count(profile.evaluated_images),
               1e3 * profile.evaluation.total_s);
  }
  fmt::print("a checkpoint {:.1f} ms to copy, {:.1f} ms to write beside the training\n",
             1e3 * profile.snapshot.total_s, 1e3 * profile.checkpoint.total_s);
}

void print_operators(const jobs::Profile& profile, const char* title,
                     const std::vector<bench::OperatorRow>& operators, int64_t most) {
  if (operators.empty()) return;
  fmt::print("\n{:>9}  {:>6}  {:>9}  {:>7}  {:>9}  {}\n", "self ms", "share", "total ms", "calls",
             "MiB", title);
  double others_s = 0;
  for (size_t i = 0; i < operators.size(); ++i) {
    const bench::OperatorRow& row = operators[i];
    if (std::cmp_greater_equal(i, most)) {
      others_s += row.self_s;
      continue;
    }
    const double steps = static_cast<double>(profile.steps);
    fmt::print("{:>9.3f}  {:>5.1f}%  {:>9.3f}  {:>7.1f}  {:>9.2f}  {}\n",
               ms_a_step(profile, row.self_s), 100 * row.self_s / profile.profiled_s,
               ms_a_step(profile, row.total_s), static_cast<double>(row.calls) / steps,
               static_cast<double>(row.allocated_bytes) / kMib / steps, row.name);
  }
  if (others_s > 0) {
    fmt::print("{:>9.3f}  {:>5.1f}%  {:>9}  {:>7}  {:>9}  {} others\n",
               ms_a_step(profile, others_s), 100 * others_s / profile.profiled_s, "", "", "",
               std::ssize(operators) - most);
  }
}

ordered_json to_json(const jobs::StageRow& row) {
  return {{"stage", trace::name(row.stage)},
          {"count", row.count},
          {"threads", row.threads},
          {"total_s", row.total_s}};
}

ordered_json to_json(const std::vector<bench::OperatorRow>& operators) {
  ordered_json rows = ordered_json::array();
  for (const bench::OperatorRow& row : operators) {
    rows.push_back({{"name", row.name},
                    {"calls", row.calls},
                    {"self_s", row.self_s},
                    {"total_s", row.total_s},
                    {"allocated_bytes", row.allocated_bytes}});
  }
  return rows;
}

}  // namespace

void print_profile(const jobs::Profile& profile, int64_t rows) {
  const jobs::BenchmarkSubject& subject = profile.subject;
  fmt::print("{}, {}, {}, {}: {} steps of {} images in micro-batches of {}\n", subject.model,
             subject.input, subject.precision, subject.device, profile.steps,
             human_count(subject.batch_size), human_count(subject.microbatch));
  fmt::print("{:.1f} ms a step without the profiler, {:.1f} with it ({:+.1f}%)\n",
             ms_a_step(profile, profile.plain_s), ms_a_step(profile, profile.profiled_s),
             100 * (profile.profiled_s / profile.plain_s - 1));
  print_training(profile);
  print_loader(profile);
  print_after(profile);
  print_operators(profile, "operator, per step", profile.recording.operators, rows);
  print_operators(profile, "kernel, per step", profile.recording.kernels, rows);
  if (profile.left_out > 0)
    fmt::print("{} ranges had no room in the trace: take fewer steps\n", profile.left_out);
}

void print_profile_json(const jobs::Profile& profile) {
  const jobs::BenchmarkSubject& subject = profile.subject;
  ordered_json json{{"model", subject.model},
                    {"input", subject.input},
                    {"precision", subject.precision},
                    {"device", subject.device},
                    {"batch_size", subject.batch_size},
                    {"microbatch", subject.microbatch},
                    {"steps", profile.steps},
                    {"plain_s", profile.plain_s},
                    {"profiled_s", profile.profiled_s},
                    {"device_busy_s", 1e-9 * static_cast<double>(profile.recording.device_busy_ns)},
                    {"stages", ordered_json::array()}};
  for (const jobs::StageRow& row : profile.stages) json["stages"].push_back(to_json(row));
  json["evaluation"] = to_json(profile.evaluation);
  json["evaluation"]["images"] = profile.evaluated_images;
  json["snapshot"] = to_json(profile.snapshot);
  json["checkpoint"] = to_json(profile.checkpoint);
  json["operators"] = to_json(profile.recording.operators);
  json["kernels"] = to_json(profile.recording.kernels);
  json["left_out"] = profile.left_out;
  fmt::print("{}\n", json_text(json, 2));
}

}  // namespace stoker::app
