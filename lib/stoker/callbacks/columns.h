// Where a training has the figures of its lines from, and how the console shows them. Their names,
// units and who else shows them are rows of runs/columns.h, in the same order; a new figure is one
// row in each.
//
//   for (const Column& column : train_columns()) line[column.name] = column.value(state);
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "stoker/runs/columns.h"
#include "stoker/train/state.h"

namespace stoker::callbacks {

using Number = std::variant<int64_t, double>;

// A figure for the console, of its value as a double; "" leaves it out.
using ConsoleText = std::function<std::string(double, const train::State&)>;

using Getter = std::function<Number(const train::State&)>;

struct Column : runs::Column {
  // `row` must be the name of one of the rows.
  Column(std::span<const runs::Column> rows, std::string_view row, Getter getter,
         ConsoleText text = nullptr, bool lacks = false);

  Getter value;
  ConsoleText console;
  bool may_lack;  // a value that is not finite is none: nothing is written
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
