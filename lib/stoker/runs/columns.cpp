#include "stoker/runs/columns.h"

#include <algorithm>
#include <array>
#include <vector>

#include "stoker/core/units.h"
#include "stoker/monitor/window.h"
#include "stoker/runs/metric_names.h"

namespace stoker::runs {

namespace {

constexpr double kMicro = 1e-6, kMega = 1e6;

// The first of those whose suffix fits is that of a name.
constexpr std::array<Unit, 16> kUnits{{
    {"", "", "", 1, "", 1},
    {"share", "", "share", 1, "_ratio", 1},
    {"img/s", "", "img/s", 1, "_per_second", 1},
    {"images", "", "images", 1, "", 1},
    {"J", "", "J", 1, "_joules", 1},
    {"TFLOPS", "", "TFLOPS", 1, "", 1},
    {"GiB/s", "_gib_s", "bytes/s", kGib, "_bytes_per_second", kGib},
    {"MiB/s", "_mib_s", "bytes/s", kMib, "_bytes_per_second", kMib},
    {"GiB", "_gib", "bytes", kGib, "_bytes", kGib},
    {"bytes", "_bytes", "bytes", 1, "_bytes", 1},
    {"kWh", "_kwh", "kWh", 1, "_joules", kJoulesPerKwh},
    {"MHz", "_mhz", "MHz", 1, "_hertz", kMega},
    {"us", "_us", "s", kMicro, "_seconds", kMicro},
    {"s", "_s", "s", 1, "_seconds", 1},
    {"C", "_c", "°C", 1, "_celsius", 1},
    {"W", "_w", "W", 1, "_watts", 1},
}};

constexpr Column kTrainTime{.name = "time_s",
                            .unit = "s",
                            .what = "time in steps, before resumes too",
                            .is_clock = true,
                            .prometheus = "stoker_train_seconds_total"};
constexpr Column kEpoch{.name = "epoch",
                        .what = "passes over the data that are finished",
                        .prometheus = "stoker_epochs_total"};
constexpr Column kStep{.name = "step",
                       .what = "optimizer steps that are finished",
                       .prometheus = "stoker_steps_total"};

// A figure of the clock or the machine, in charts and TensorBoard, and one in neither.
constexpr Column charted(std::string_view name, std::string_view unit, std::string_view what,
                         std::string_view prometheus = {}) {
  return {name, unit, what, true, true, true, prometheus};
}
constexpr Column unshown(std::string_view name, std::string_view unit, std::string_view what,
                         std::string_view prometheus = {}) {
  return {name, unit, what, true, false, false, prometheus};
}
// In TensorBoard alone: what another figure's chart says already.
constexpr Column drawn(std::string_view name, std::string_view unit, std::string_view what,
                       std::string_view prometheus = {}) {
  return {name, unit, what, true, true, false, prometheus};
}

constexpr std::array<Column, 15> kTraining{{
    kTrainTime,
    kEpoch,
    kStep,
    {.name = "loss",
     .what = "mean loss since the log line before",
     .is_drawn = true,
     .is_charted = true,
     .prometheus = "stoker_train_loss"},
    {.name = "lr",
     .what = "base learning rate of the newest step",
     .is_drawn = true,
     .is_charted = true,
     .prometheus = "stoker_learning_rate"},
    charted("images_per_s", "img/s", "images a second since the log line before",
            "stoker_images_per_second"),
    charted("data_wait", "share", "share of the steps' time that waited for images"),
    charted("memory_gib", "GiB", "memory in use of the process or device"),
    {.name = "peak_bytes",
     .unit = "bytes",
     .what = "the most that tensors held",
     .is_clock = true,
     .is_charted = true,
     .prometheus = "stoker_tensor_memory_peak_bytes"},
    {.name = "skipped_steps", .what = "updates left out for gradients that were not finite"},
    {.name = "noise_scale",
     .unit = "images",
     .what = "gradient noise scale",
     .is_drawn = true,
     .is_charted = true},
    {"read_us", "us", "reading of an image, by one thread of the loader", true, false, true},
    {"decode_us", "us", "decoding of an image, by one thread of the loader", true, false, true},
    {"augment_us", "us", "augmentation of an image, by one thread of the loader", true, false,
     true},
    {"copy_us", "us", "copying of an image, by one thread of the loader", true, false, true},
}};

constexpr std::array<Column, 5> kClock{{
    unshown("wall_s", "s", "time since the log line before"),
    unshown("save_s", "s", "of it, waiting for checkpoints"),
    drawn("exchange_wait_s", "s", "of it, waiting for other ranks' gradients"),
    unshown("loader_threads", "", "threads that load images"),
    unshown("usable_cpus", "", "processors that the process may use"),
}};

constexpr std::array<Column, 10> kEnergy{{
    drawn("joules", "J", "energy of the steps since the log line before"),
    drawn("joules_per_step", "J", "energy of a step", "stoker_joules_per_step"),
    charted("joules_per_image", "J", "energy of an image", "stoker_joules_per_image"),
    drawn("energy_kwh", "kWh", "energy, before resumes too", "stoker_energy_joules_total"),
    drawn("tflops", "TFLOPS", "of the model's own operations"),
    charted("mfu", "share", "share of the GPU's peak that the model's own operations are"),
    charted("hfu", "share", "the same with what is computed again"),
    drawn("slowest_rank", "", "the rank that the others wait for"),
    drawn("slowest_rank_works", "share", "share of the steps in which it does not wait"),
    drawn("mean_rank_works", "share", "share of the steps in which the mean rank does not wait"),
}};

// The monitor's own list calls shares "1".
Column column_of(const monitor::Figure& figure) {
  const bool is_count = figure.unit == "count";
  return {.name = figure.name,
          .unit = figure.unit == "1" ? "share"
                  : is_count         ? ""
                                     : figure.unit,
          .what = figure.help,
          .is_clock = true,
          .is_drawn = true,
          .is_charted = !is_count || figure.name.starts_with("cpu_")};
}

Column column_of(const MetricName& metric) {
  return {.name = metric.name.substr(metric.name.find('.') + 1),
          .unit = metric.unit,
          .what = metric.what,
          .is_drawn = true,
          .is_charted = true};
}

}  // namespace

std::span<const Column> train_columns() {
  static const std::vector<Column> list = [] {
    std::vector<Column> all(kTraining.begin(), kTraining.end());
    all.insert(all.end(), kClock.begin(), kClock.end());
    for (const monitor::Figure& figure : monitor::figures()) all.push_back(column_of(figure));
    all.insert(all.end(), kEnergy.begin(), kEnergy.end());
    return all;
  }();
  return list;
}

std::span<const Column> eval_columns() {
  static const std::vector<Column> list = [] {
    std::vector<Column> all{kTrainTime, kEpoch, kStep};
    for (const MetricName& metric : kEvalMetrics) all.push_back(column_of(metric));
    all.push_back({.name = "images", .unit = "images", .what = "images of the evaluation"});
    all.push_back(unshown("eval_s", "s", "time of the evaluation"));
    all.push_back({.name = "nonfinite_images", .what = "images whose outputs were not finite"});
    return all;
  }();
  return list;
}

std::span<const Column> memory_columns() {
  static constexpr std::array<Column, 6> list{
      {kTrainTime,
       kEpoch,
       kStep,
       {.name = "microbatch", .unit = "images", .what = "images of a micro-batch"},
       {.name = "grad_accumulation", .what = "micro-batches of a step"},
       {.name = "eval_batch_size",
        .unit = "images",
        .what = "images of a batch of an evaluation"}}};
  return list;
}

const Column* find_column(std::string_view split, std::string_view name) {
  const auto columns = split == "val"      ? eval_columns()
                       : split == "memory" ? memory_columns()
                                           : train_columns();
  const auto found = std::ranges::find(columns, name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

const Unit& unit_of(std::string_view split, std::string_view name) {
  const Column* column = find_column(split, name);
  const auto* const found = std::ranges::find_if(kUnits, [&](const Unit& unit) {
    if (column != nullptr) return unit.text == column->unit;
    return !unit.suffix.empty() && name.ends_with(unit.suffix) && !name.ends_with("_per_s");
  });
  return found == kUnits.end() ? kUnits.front() : *found;
}

}  // namespace stoker::runs
