// Watches the machine for a trainer: what a log line says of it, and the energy that the run has
// taken, which stands in the position.
//
//   MachineWatch watch(options, group, state.position);  // as training begins
//   state.machine = watch.line(state, exchange_wait_s);  // at a log line, on all ranks
//   watch.settle(state.position);                        // before a checkpoint
//
// It never ends a run, and waits for no driver (monitor/sampler.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "stoker/core/clock.h"
#include "stoker/dist/group.h"
#include "stoker/monitor/gpu_table.h"
#include "stoker/monitor/sampler.h"
#include "stoker/train/rank_report.h"
#include "stoker/train/state.h"

namespace stoker::train {

struct MachineOptions {
  std::optional<monitor::SamplerOptions> sampler;  // none: nothing is read
  monitor::EnergyPrices prices;
  // Operations of the model, forward and backward, and those that are computed again; 0: unknown.
  double flops_per_image = 0, recomputed_flops_per_image = 0;
  std::optional<double> peak_tflops;  // of a device; none: that of its row in the table
  monitor::Arithmetic arithmetic = monitor::Arithmetic::kFp32;
};

class MachineWatch {
 public:
  // group must outlive it.
  MachineWatch(const MachineOptions& options, dist::Group& group, const Position& position);

  // Since the line before. All ranks call it together; the first alone has the others' figures, and
  // gets their energy into the position. exchange_wait_s: of the process so far.
  MachineLine line(State& state, double exchange_wait_s);
  // The energy so far into the position. That of another rank goes there with its next line.
  void settle(Position& position);
  // The same of all ranks, who call it together.
  void finish(Position& position);

  void note_saving(double seconds) { save_s_ += seconds; }
  // What comes between is in no line's window, and its energy is that of no step.
  void begin_evaluation(Position& position);
  void end_evaluation(Position& position);

 private:
  void deliver(Position& position, const monitor::EnergyTotals& energy);
  RankReport own_report(State& state, double exchange_wait_s);
  std::vector<RankReport> collect(const RankReport& own) const;
  void read(MachineLine& line, State& state, double exchange_wait_s);
  void add_energy(MachineLine& line, const Position& position,
                  const monitor::EnergyTotals& of_steps);
  void add_arithmetic(MachineLine& line, const LogWindow& window) const;
  std::optional<double> own_peak(const monitor::SamplerStatus& status) const;

  MachineOptions options_;
  dist::Group& group_;
  std::optional<monitor::Sampler> sampler_;
  Stopwatch since_line_;
  double save_s_ = 0, exchange_wait_s_ = 0;
  int64_t images_, steps_;             // of the run at the line before
  monitor::Window before_evaluation_;  // of this line's steps
  monitor::EnergyTotals of_steps_, undelivered_;
};

}  // namespace stoker::train
