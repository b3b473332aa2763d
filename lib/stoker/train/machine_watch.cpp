#include "stoker/train/machine_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stoker/core/cpu.h"
#include "stoker/core/units.h"
#include "stoker/machine/memory.h"

namespace stoker::train {

namespace {

// Which ranks the others wait for.
void add_ranks(MachineLine& line, const std::vector<RankReport>& reports) {
  if (reports.size() < 2) return;
  double sum = 0;
  size_t slowest = 0;
  for (size_t rank = 0; rank < reports.size(); ++rank) {
    sum += reports[rank].works;
    if (reports[rank].works > reports[slowest].works) slowest = rank;
  }
  line.slowest_rank = static_cast<double>(slowest);
  line.slowest_rank_works = reports[slowest].works;
  line.mean_rank_works = sum / static_cast<double>(reports.size());
}

// What ranks say of their devices, as one.
void add_devices(MachineLine& line, const std::vector<RankReport>& reports) {
  const auto of_rank = [&](size_t rank, std::string text) {
    if (reports.size() > 1) text += fmt::format(" of rank {}", rank);
    return text;
  };
  double peak = 0;
  bool is_known = true;
  for (size_t rank = 0; rank < reports.size(); ++rank) {
    const RankReport& report = reports[rank];
    line.usable_cpus += report.usable_cpus;
    peak += report.peak_tflops.value_or(0);
    is_known = is_known && report.peak_tflops;
    if (report.window.is_lost && line.lost_gpu.empty()) line.lost_gpu = of_rank(rank, report.gpu);
    if (!report.why_no_gpu.empty() && line.why_no_gpu.empty()) line.why_no_gpu = report.why_no_gpu;
  }
  if (reports.empty()) return;  // the first rank alone has them
  line.gpu = reports.front().gpu;
  if (is_known) line.peak_tflops = peak;
}

}  // namespace

MachineWatch::MachineWatch(const MachineOptions& options, dist::Group& group,
                           const Position& position)
    : options_(options), group_(group), images_(position.images_seen), steps_(position.step) {
  if (options_.sampler) sampler_.emplace(*options_.sampler);
}

void MachineWatch::deliver(Position& position, const monitor::EnergyTotals& energy) {
  (group_.is_first() ? position.energy : undelivered_).add(energy);
}

void MachineWatch::settle(Position& position) {
  if (!sampler_) return;
  const monitor::EnergyTotals energy = sampler_->take_energy();
  of_steps_.add(energy);
  deliver(position, energy);
}

void MachineWatch::begin_evaluation(Position& position) {
  if (!sampler_) return;
  const monitor::Sampling sampling = sampler_->take();
  of_steps_.add(sampling.energy);
  deliver(position, sampling.energy);
  before_evaluation_ = sampling.window;
}

void MachineWatch::end_evaluation(Position& position) {
  if (sampler_) deliver(position, sampler_->take().energy);
}

RankReport MachineWatch::own_report(State& state, double exchange_wait_s) {
  const monitor::Sampling sampling = sampler_->take();
  const monitor::SamplerStatus status = sampler_->status();
  of_steps_.add(sampling.energy);
  deliver(state.position, sampling.energy);
  const double waited = exchange_wait_s - exchange_wait_s_;
  const double steps_s = state.position.window.time_s;
  RankReport report{.window = sampling.window,
                    .of_steps = std::exchange(of_steps_, {}),
                    .undelivered = std::exchange(undelivered_, {}),
                    .gpu = status.gpu ? status.gpu->name : "",
                    .why_no_gpu = status.why_no_gpu,
                    .peak_tflops = own_peak(status),
                    .works = steps_s > 0 ? std::clamp(1 - waited / steps_s, 0.0, 1.0) : 1,
                    .usable_cpus = usable_cpus()};
  const monitor::Window before = std::exchange(before_evaluation_, {});
  if (before.samples > report.window.samples) report.window = before;
  return report;
}

// A rank that is gone is the next step's to report, which takes itself back and saves.
std::vector<RankReport> MachineWatch::collect(const RankReport& own) const {
  if (group_.is_alone()) return {own};
  std::vector<RankReport> reports;
  try {
    for (const std::string& text : group_.collect(to_json(own)))
      reports.push_back(rank_report(text));
  } catch (const dist::PeerFailed&) {
    return {own};
  }
  return reports;
}

void MachineWatch::read(MachineLine& line, State& state, double exchange_wait_s) {
  if (!state.facts.device.is_cpu()) {
    const double own_gib = machine::memory_gib(state.facts.device);
    sampler_->note_own_memory(static_cast<int64_t>(kGib * own_gib));
  }
  const std::vector<RankReport> reports = collect(own_report(state, exchange_wait_s));
  std::vector<monitor::Window> windows;
  monitor::EnergyTotals of_steps;
  for (size_t rank = 0; rank < reports.size(); ++rank) {
    windows.push_back(reports[rank].window);
    of_steps.add(reports[rank].of_steps);
    if (rank > 0) state.position.energy.add(reports[rank].undelivered);
  }
  line.window = monitor::combined(windows);
  line.why_no_cpu_energy = sampler_->status().why_no_cpu_energy;
  add_devices(line, reports);
  add_ranks(line, reports);
  add_energy(line, state.position, of_steps);
}

MachineLine MachineWatch::line(State& state, double exchange_wait_s) {
  MachineLine line{.wall_s = std::exchange(since_line_, Stopwatch()).elapsed_s(),
                   .save_s = std::exchange(save_s_, 0)};
  if (!group_.is_alone()) line.exchange_wait_s = exchange_wait_s - exchange_wait_s_;
  if (sampler_) read(line, state, exchange_wait_s);
  add_arithmetic(line, state.position.window);
  exchange_wait_s_ = exchange_wait_s;
  images_ = state.position.images_seen;
  steps_ = state.position.step;
  return line;
}

void MachineWatch::finish(Position& position) {
  if (!sampler_) return;
  settle(position);
  RankReport own{.undelivered = std::exchange(undelivered_, {})};
  const std::vector<RankReport> reports = collect(own);
  for (size_t rank = 1; rank < reports.size(); ++rank)
    position.energy.add(reports[rank].undelivered);
}

void MachineWatch::add_energy(MachineLine& line, const Position& position,
                              const monitor::EnergyTotals& of_steps) {
  line.energy_kwh = monitor::report_energy(position.energy, {}).kwh;
  line.joules = monitor::report_energy(of_steps, {}).joules;
  const auto per = [&](int64_t count) {
    return line.joules && count > 0 ? std::optional(*line.joules / static_cast<double>(count))
                                    : std::nullopt;
  };
  line.joules_per_step = per(position.step - steps_);
  line.joules_per_image = per(position.images_seen - images_);
}

std::optional<double> MachineWatch::own_peak(const monitor::SamplerStatus& status) const {
  if (options_.peak_tflops) return options_.peak_tflops;
  const std::optional<monitor::GpuInfo>& info = status.gpu;
  const monitor::GpuSpec* spec = info ? monitor::find_gpu(info->name) : nullptr;
  return spec != nullptr ? spec->peak_tflops(options_.arithmetic, info->max_sm_mhz) : std::nullopt;
}

void MachineWatch::add_arithmetic(MachineLine& line, const LogWindow& window) const {
  constexpr double kTera = 1e-12;
  if (options_.flops_per_image <= 0 || window.time_s <= 0) return;
  const double per_image = kTera * options_.flops_per_image;
  line.tflops = per_image * window.images_per_s();
  std::optional<double> peak = line.peak_tflops;
  if (!peak && options_.peak_tflops)
    peak = *options_.peak_tflops * static_cast<double>(group_.size());
  if (!peak) return;
  line.mfu = *line.tflops / *peak;
  if (options_.recomputed_flops_per_image > 0)
    line.hfu = *line.mfu * (1 + options_.recomputed_flops_per_image / options_.flops_per_image);
}

}  // namespace stoker::train
