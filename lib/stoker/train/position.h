// Where a run stands: what a checkpoint holds besides tensors, metrics and the facts of the run.
//
// Each number is named once, in position_fields() and its neighbours; a checkpoint writes and
// reads them by these lists, and a comparison of checkpoints leaves out the clocks among them.
//
//   for (const auto& field : position_fields()) saved[field.name] = …
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <variant>

#include "stoker/loader/stage_times.h"
#include "stoker/monitor/energy.h"

namespace stoker::train {

// One finished optimizer step.
struct StepRecord {
  int64_t step = 0;  // steps finished, this one included
  double loss = 0;   // mean over the step's images
  double lr = 0;     // base rate times schedule
  int64_t images = 0;
  double time_s = 0;       // wall time of the step
  double data_wait_s = 0;  // of which the loop waited for the loader
  bool skipped = false;    // no update: fp16 overflow, a loss that is not finite, or no images
};

// Finished steps since the last log line, so that a resumed run logs the same.
struct LogWindow {
  int64_t steps = 0;
  int64_t skipped_steps = 0;
  int64_t images = 0;
  double loss_sum = 0;  // over images of steps with a finite loss
  int64_t loss_images = 0;
  double time_s = 0;
  double data_wait_s = 0;
  double lr = 0;  // of the newest step
  // What the loader's threads did since the last log line, ahead of these steps; in no checkpoint.
  loader::StageTimes stages;
  int loader_threads = 0;

  void add(const StepRecord& record);
  // Mean over the images of steps with a finite loss; NaN where there are none.
  double loss() const;
  double images_per_s() const { return static_cast<double>(images) / time_s; }
  // Share of the time that waited for images, in [0, 1].
  double data_wait() const { return data_wait_s / time_s; }
};

struct Position {
  int64_t step = 0;           // optimizer steps finished, skipped ones included
  int64_t schedule_step = 0;  // of them, those that the schedule counts: not those fp16 skipped
  double train_time_s = 0;    // in steps so far, before a resume too; no set-up, no evaluation
  int64_t images_seen = 0;
  int64_t nonfinite_in_a_row = 0;         // newest steps whose loss was not finite
  int64_t unreadable_steps_in_a_row = 0;  // newest steps of which no image could be read
  // Early stopping: the best value of checkpoint.monitor (NaN before the first), and how many
  // evaluations have come since.
  double best_monitored = std::numeric_limits<double>::quiet_NaN();
  int64_t evaluations_since_best = 0;
  // Where memory ran out: the micro-batches of a step, and the batch of an evaluation; 0: as the
  // configuration says.
  int64_t grad_accumulation = 0;
  int64_t eval_batch_size = 0;
  LogWindow window;
  monitor::EnergyTotals energy;  // of the run so far, before a resume too
};

template <class T>
struct NumberField {
  std::string_view name;
  std::variant<int64_t T::*, double T::*> value;
  bool is_clock = false;     // differs between runs that are the same
  bool is_optional = false;  // 0 where a checkpoint of an earlier version lacks it
};
std::span<const NumberField<Position>> position_fields();
std::span<const NumberField<LogWindow>> window_fields();
std::span<const NumberField<monitor::EnergyTotals>> energy_fields();

}  // namespace stoker::train
