#include "stoker/monitor/facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "stoker/monitor/window.h"

namespace stoker::monitor {

void Facts::add_training(const Line& line) {
  constexpr double kMicro = 1e-6;
  // A line has the training time so far; the first of a process has it since its own beginning.
  const double time_s = line("time_s").value_or(0);
  const double wall = line("wall_s").value_or(0);
  double steps = last_time_s ? time_s - *last_time_s : std::min(time_s, wall);
  if (steps < 0 || steps > wall) steps = wall;
  last_time_s = time_s;
  ++lines;
  wall_s += wall - std::exchange(ahead_s, 0);
  steps_s += steps;
  const double count = steps * line("images_per_s").value_or(0);
  images += count;
  data_wait_s += steps * line("data_wait").value_or(0);
  exchange_wait_s += line("exchange_wait_s").value_or(0);
  save_s += line("save_s").value_or(0);
  read_s += kMicro * count * line("read_us").value_or(0);
  decode_s += kMicro * count * line("decode_us").value_or(0);
  augment_s += kMicro * count * line("augment_us").value_or(0);
  copy_s += kMicro * count * line("copy_us").value_or(0);
  loader_threads = static_cast<int>(line("loader_threads").value_or(loader_threads));
  const auto add = [&](std::string_view key) {
    const auto value = line(key);
    if (!value || !std::isfinite(*value)) return;
    Mean& mean = means[std::string(key)];
    const double weight = std::max(wall, 1e-9);
    mean.sum += weight * *value;
    mean.weight += weight;
  };
  for (const Figure& figure : figures()) add(figure.name);
  if (const auto cpus = line("usable_cpus"); cpus && *cpus > 0)
    usable_cpus = static_cast<int>(*cpus);
  for (const char* key : {"mfu", "tflops", "slowest_rank", "slowest_rank_works", "mean_rank_works"})
    add(key);
}

void Facts::add_evaluation(const Line& line) {
  const double seconds = line("eval_s").value_or(0);
  ahead_s += seconds;
  if (lines == 0) return;  // of a line that is not counted either
  eval_s += seconds;
  wall_s += seconds;
}

Facts Facts::next() const {
  Facts fresh;
  fresh.on_gpu = on_gpu;
  fresh.gpu = gpu;
  fresh.usable_cpus = usable_cpus;
  fresh.ranks = ranks;
  fresh.faster_precision = faster_precision;
  fresh.last_time_s = last_time_s;
  fresh.ahead_s = ahead_s;
  return fresh;
}

std::optional<double> Facts::mean(std::string_view key) const {
  const auto found = means.find(key);
  if (found == means.end() || found->second.weight <= 0) return std::nullopt;
  return found->second.sum / found->second.weight;
}

}  // namespace stoker::monitor
