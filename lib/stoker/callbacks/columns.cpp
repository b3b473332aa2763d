#include "stoker/callbacks/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "stoker/callbacks/machine_columns.h"
#include "stoker/core/error.h"
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
  ConsoleText console = nullptr;
  if (!metric.console.empty()) {
    console = [&metric](double value, const State&) {
      return fmt::format(fmt::runtime(metric.console), metric.console_factor * value);
    };
  }
  return {runs::eval_columns(), metric.key(),
          [&metric](const State& s) {
            const auto& result = s.eval->result;
            return Number(metric.is_of(result.is_multilabel) ? result.*metric.value : std::nan(""));
          },
          std::move(console), /*lacks=*/metric.name != "val.loss"};
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

// A row of those of a split.
class Rows {
 public:
  explicit Rows(std::span<const runs::Column> rows) : rows_(rows) {}
  Column operator()(std::string_view name, Getter value, ConsoleText console = nullptr,
                    bool may_lack = false) const {
    return {rows_, name, std::move(value), std::move(console), may_lack};
  }

 private:
  std::span<const runs::Column> rows_;
};

Number train_time(const State& s) { return s.position.train_time_s; }

std::vector<Column> training_columns() {
  using Stages = loader::StageTimes;
  const Rows row(runs::train_columns());
  const auto stage = [&row](std::string_view name, double Stages::*seconds) {
    return row(name, [seconds](const State& s) { return Number(us_per_image(s, seconds)); });
  };
  return {
      row("time_s", train_time),
      row("epoch", [](const State& s) { return Number(s.epoch()); }),
      row("step", [](const State& s) { return Number(s.position.step); }),
      row(
          "loss", [](const State& s) { return Number(window_of(s).loss()); },
          [](double loss, const State&) { return fmt::format("loss {:.3f}", loss); }),
      row(
          "lr", [](const State& s) { return Number(window_of(s).lr); },
          [](double lr, const State&) { return fmt::format("lr {:.3g}", lr); }),
      row(
          "images_per_s", [](const State& s) { return Number(window_of(s).images_per_s()); },
          [](double rate, const State&) { return human_count(std::llround(rate)) + " img/s"; }),
      row(
          "data_wait", [](const State& s) { return Number(window_of(s).data_wait()); },
          [](double share, const State&) { return fmt::format("data {:.0f}%", 100 * share); }),
      row(
          "memory_gib", [](const State& s) { return Number(machine::memory_gib(s.facts.device)); },
          [](double gib, const State&) { return fmt::format("mem {:.1f} GiB", gib); }),
      row("peak_bytes", [](const State& s) { return Number(s.peak_bytes); }),
      row(
          "skipped_steps", [](const State& s) { return Number(window_of(s).skipped_steps); },
          skipped_text),
      row(
          "noise_scale",
          [](const State& s) { return Number(s.noise_scale.value_or(std::nan(""))); }, nullptr,
          /*may_lack=*/true),
      stage("read_us", &Stages::read_s),
      stage("decode_us", &Stages::decode_s),
      stage("augment_us", &Stages::augment_s),
      stage("copy_us", &Stages::copy_s),
  };
}

}  // namespace

Column::Column(std::span<const runs::Column> rows, std::string_view row, Getter getter,
               ConsoleText text, bool lacks)
    : value(std::move(getter)), console(std::move(text)), may_lack(lacks) {
  const auto found = std::ranges::find(rows, row, &runs::Column::name);
  STOKER_CHECK(found != rows.end(), "{} is no row of runs/columns.cpp", row);
  static_cast<runs::Column&>(*this) = *found;
}

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
    const Rows row(runs::eval_columns());
    std::vector<Column> list{row("time_s", train_time),
                             row("epoch", [](const State& s) { return Number(s.eval->epoch); }),
                             row("step", [](const State& s) { return Number(s.eval->step); })};
    for (const train::EvalMetric& metric : train::eval_metrics()) list.push_back(column_of(metric));
    list.push_back(row("images", [](const State& s) { return Number(s.eval->result.images); }));
    list.push_back(row("eval_s", [](const State& s) { return Number(s.eval->time_s); }));
    list.push_back(row(
        "nonfinite_images", [](const State& s) { return Number(s.eval->result.nonfinite_images); },
        nonfinite_text));
    return list;
  }();
  return columns;
}

std::span<const Column> memory_columns() {
  static const std::vector<Column> columns = [] {
    const Rows row(runs::memory_columns());
    return std::vector<Column>{
        row("time_s", train_time),
        row("epoch", [](const State& s) { return Number(s.epoch()); }),
        row("step", [](const State& s) { return Number(s.memory_change->step); }),
        row("microbatch", [](const State& s) { return Number(s.plan().microbatch); }),
        row("grad_accumulation", [](const State& s) { return Number(s.plan().grad_accumulation); }),
        row("eval_batch_size", [](const State& s) { return Number(s.position.eval_batch_size); }),
    };
  }();
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
