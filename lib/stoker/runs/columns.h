// The figures of a run's lines, one row each: name, unit, meaning and who shows it. The console,
// metrics.jsonl and metrics.csv, TensorBoard, `resume-check`, reports and Prometheus go by these
// rows; callbacks/columns.h adds where a training has each value from.
//
//   const Column* column = find_column("train", "gpu_power_w");
//   if (column != nullptr) show(column->what, unit_of("train", column->name).text);
#pragma once

#include <span>
#include <string_view>

namespace stoker::runs {

// What a figure is measured in, and how charts and Prometheus, which wants base units, show that.
struct Unit {
  std::string_view text;        // "GiB"; "" for counts and plain numbers
  std::string_view suffix;      // of names: "_gib"; "" where a name does not tell
  std::string_view chart;       // "bytes": what charts.js has words for, or a unit's own letters
  double chart_scale = 1;       // times the figure, for that
  std::string_view prometheus;  // "_bytes": the suffix of names there
  double prometheus_scale = 1;
};

struct Column {
  std::string_view name;  // the key in a line of metrics.jsonl: "images_per_s"
  std::string_view unit;  // the text of a Unit
  std::string_view what;  // "images a second since the log line before"
  bool is_clock = false;  // the clock or the machine decides it: two runs that are the same differ
  bool is_drawn = false;  // as a scalar of TensorBoard
  bool is_charted = false;           // in reports
  std::string_view prometheus = {};  // the name there, where it is not the one by rule; ends in
                                     // _total for counters
};

// Of a line at a log step, one for an evaluation, and one where micro-batches, or those of an
// evaluation, became smaller or larger; in the order in which lines have them.
std::span<const Column> train_columns();
std::span<const Column> eval_columns();
std::span<const Column> memory_columns();

// By the split, "train", "val" or "memory". Null for a figure that this stoker does not log.
const Column* find_column(std::string_view split, std::string_view name);

// Of the column, or where there is none, by the end of its name: "x_w" is in watts.
const Unit& unit_of(std::string_view split, std::string_view name);

}  // namespace stoker::runs
