// What a run logs, one row a figure: metrics.jsonl and metrics.csv, the console, TensorBoard and
// resume-check all go by these lists. A new figure is one row.
//
//   for (const Column& column : train_columns()) line[column.name] = column.value(state);
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "stoker/train/state.h"

namespace stoker::callbacks {

using Number = std::variant<int64_t, double>;

// A figure for the console, of its value as a double; "" leaves it out.
using ConsoleText = std::function<std::string(double, const train::State&)>;

struct Column {
  std::string_view name;  // the key in a line of metrics.jsonl, with its unit: "images_per_s"
  std::function<Number(const train::State&)> value;
  bool is_clock = false;  // the clock or the machine decides it: two runs that are the same differ
  bool is_drawn = false;  // as a scalar of TensorBoard
  ConsoleText console = nullptr;
  bool may_lack = false;  // a value that is not finite is none: nothing is written
};

// Of a line at a log step, those of the machine too (machine_columns.h), of one for an evaluation,
// whose metrics come from train/metric_names.h, and of one where micro-batches, or those of an
// evaluation, became smaller or larger.
std::span<const Column> train_columns();
std::span<const Column> eval_columns();
std::span<const Column> memory_columns();

// The lines without their ends: {"time_s":12.3,"epoch":1.25,"step":60,"split":"train",…}. What is
// not finite stands as null.
nlohmann::ordered_json train_record(const train::State& state);
nlohmann::ordered_json eval_record(const train::State& state);    // state.eval must be there
nlohmann::ordered_json memory_record(const train::State& state);  // and state.memory_change

// What of a line is a function of the training alone, so that two runs can be compared by it.
nlohmann::ordered_json without_clocks(const nlohmann::ordered_json& record);

}  // namespace stoker::callbacks
