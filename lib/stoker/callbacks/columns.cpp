#include "stoker/callbacks/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "stoker/callbacks/machine_columns.h"
#include "stoker/core/text.h"
#include "stoker/machine/memory.h"
#include "stoker/train/metric_names.h"

namespace stoker::callbacks {

namespace {

using nlohmann::ordered_json;
using train::State;

const train::LogWindow& window_of(const State& state) { return state.position.window; }

// What a thread of the loader spends on an image, in microseconds.
double us_per_image(const State& state, double loader::StageTimes::*stage) {
  const loader::StageTimes& stages = window_of(state).stages;
  return stages.samples == 0 ? 0 : 1e6 * stages.*stage / static_cast<double>(stages.samples);
}

std::string nonfinite_text(double images, const State&) {
  return images > 0 ? fmt::format("NOT FINITE: {:.0f}", images) : "";
}

std::string skipped_text(double steps, const State&) {
  return steps > 0 ? fmt::format("skipped {:.0f}", steps) : "";
}

Column column_of(const train::EvalMetric& metric) {
  Column column{.name = metric.key(),
                .value = [&metric](const State& s) { return Number(s.eval->result.*metric.value); },
                .is_drawn = true};
  if (!metric.console.empty()) {
    column.console = [&metric](double value, const State&) {
      return fmt::format(fmt::runtime(metric.console), metric.console_factor * value);
    };
  }
  return column;
}

ordered_json record_of(std::span<const Column> columns, std::string_view split,
                       const State& state) {
  ordered_json record;
  for (const Column& column : columns) {
    const auto write = [&](auto value) {
      if (column.may_lack && !std::isfinite(static_cast<double>(value))) return;
      record[std::string(column.name)] = value;
    };
    std::visit(write, column.value(state));
    if (column.name == "step") record["split"] = split;
  }
  return record;
}

}  // namespace

namespace {

std::vector<Column> training_columns() {
  using Stages = loader::StageTimes;
  return {
      {"time_s", [](const State& s) { return Number(s.position.train_time_s); }, true},
      {"epoch", [](const State& s) { return Number(s.epoch()); }},
      {"step", [](const State& s) { return Number(s.position.step); }},
      {"loss", [](const State& s) { return Number(window_of(s).loss()); }, false, true,
       [](double loss, const State&) { return fmt::format("loss {:.3f}", loss); }},
      {"lr", [](const State& s) { return Number(window_of(s).lr); }, false, true,
       [](double lr, const State&) { return fmt::format("lr {:.3g}", lr); }},
      {"images_per_s", [](const State& s) { return Number(window_of(s).images_per_s()); }, true,
       true, [](double rate, const State&) { return human_count(std::llround(rate)) + " img/s"; }},
      {"data_wait", [](const State& s) { return Number(window_of(s).data_wait()); }, true, true,
       [](double share, const State&) { return fmt::format("data {:.0f}%", 100 * share); }},
      {"memory_gib", [](const State& s) { return Number(machine::memory_gib(s.facts.device)); },
       true, true, [](double gib, const State&) { return fmt::format("mem {:.1f} GiB", gib); }},
      {"peak_bytes", [](const State& s) { return Number(s.peak_bytes); }, true},
      {"skipped_steps", [](const State& s) { return Number(window_of(s).skipped_steps); }, false,
       false, skipped_text},
      {.name = "noise_scale",
       .value = [](const State& s) { return Number(s.noise_scale.value_or(std::nan(""))); },
       .is_drawn = true,
       .may_lack = true},
      {"read_us", [](const State& s) { return Number(us_per_image(s, &Stages::read_s)); }, true},
      {"decode_us", [](const State& s) { return Number(us_per_image(s, &Stages::decode_s)); },
       true},
      {"augment_us", [](const State& s) { return Number(us_per_image(s, &Stages::augment_s)); },
       true},
      {"copy_us", [](const State& s) { return Number(us_per_image(s, &Stages::copy_s)); }, true},
  };
}

}  // namespace

std::span<const Column> train_columns() {
  static const std::vector<Column> columns = [] {
    std::vector<Column> list = training_columns();
    for (Column& column : machine_columns()) list.push_back(std::move(column));
    return list;
  }();
  return columns;
}

std::span<const Column> eval_columns() {
  static const std::vector<Column> columns = [] {
    std::vector<Column> list{
        {"time_s", [](const State& s) { return Number(s.position.train_time_s); }, true},
        {"epoch", [](const State& s) { return Number(s.eval->epoch); }},
        {"step", [](const State& s) { return Number(s.eval->step); }}};
    for (const train::EvalMetric& metric : train::eval_metrics()) list.push_back(column_of(metric));
    list.push_back({"images", [](const State& s) { return Number(s.eval->result.images); }});
    list.push_back({"eval_s", [](const State& s) { return Number(s.eval->time_s); }, true});
    list.push_back({.name = "nonfinite_images",
                    .value = [](const State& s) { return Number(s.eval->result.nonfinite_images); },
                    .console = nonfinite_text});
    return list;
  }();
  return columns;
}

std::span<const Column> memory_columns() {
  static const std::array<Column, 6> columns{{
      {"time_s", [](const State& s) { return Number(s.position.train_time_s); }, true},
      {"epoch", [](const State& s) { return Number(s.epoch()); }},
      {"step", [](const State& s) { return Number(s.memory_change->step); }},
      {"microbatch", [](const State& s) { return Number(s.plan().microbatch); }},
      {"grad_accumulation", [](const State& s) { return Number(s.plan().grad_accumulation); }},
      {"eval_batch_size", [](const State& s) { return Number(s.position.eval_batch_size); }},
  }};
  return columns;
}

ordered_json memory_record(const State& state) {
  return record_of(memory_columns(), "memory", state);
}

ordered_json train_record(const State& state) { return record_of(train_columns(), "train", state); }

ordered_json eval_record(const State& state) { return record_of(eval_columns(), "val", state); }

ordered_json without_clocks(const ordered_json& record) {
  static const std::set<std::string_view> kept = [] {
    std::set<std::string_view> names{"split"};
    for (const auto columns : {train_columns(), eval_columns(), memory_columns()})
      for (const Column& column : columns)
        if (!column.is_clock) names.insert(column.name);
    return names;
  }();
  ordered_json rest;
  if (!record.is_object()) return rest;
  for (const auto& [key, value] : record.items()) {
    if (kept.contains(key)) rest[key] = value;
  }
  return rest;
}

}  // namespace stoker::callbacks
