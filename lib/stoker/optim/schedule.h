// Learning-rate schedules: a factor on the base rate as a function of the optimizer step. No torch.
//
//   auto schedule = schedules().build(
//       options.schedule, {.total_steps = 480, .steps_per_epoch = 48});
//   double factor = schedule(step);   // step in [0, total_steps)
//
// With W = warmup_epochs * steps_per_epoch, rounded, and T = total_steps:
//   warmup    s < W:   warmup_start + (1 - warmup_start) * s / W, so that step W has the factor 1
//   then, with p = (s - W) / (T - W) in [0, 1]:
//   constant           1
//   step               gamma^n, n the milestones passed, counted from the start of the run
//   cosine             f + (1 - f) * (1 + cos(pi p)) / 2        (Loshchilov & Hutter 2017, eq. 5)
//   linear             1 + (f - 1) * p
//   polynomial         f + (1 - f) * (1 - p)^power
// Step T would have final_factor f; the last step of the run, T - 1, is one decrement before it,
// as in torch's CosineAnnealingLR(T_max=T). one_cycle is torch's OneCycleLR(total_steps=T): it has
// a warmup of its own, and step T - 1 has its lowest factor, 1 / (div_factor * final_div_factor).
// Steps of T and more have the factor of the end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "stoker/config/choice.h"

namespace stoker::optim {

struct ScheduleContext {
  int64_t total_steps = 0;
  double steps_per_epoch = 0;
};
using Schedule = std::function<double(int64_t step)>;
// Building throws ConfigError for a warmup longer than the run.
using ScheduleTable = config::Table<Schedule(const ScheduleContext&)>;
const ScheduleTable& schedules();  // constant, step, cosine, linear, polynomial, one_cycle

struct WarmupOptions {
  double warmup_epochs = 0;
  double warmup_start = 0.01;
};

struct ConstantOptions {
  WarmupOptions warmup;
};
void describe(ConstantOptions& options, config::Fields& fields);

// One of milestones and every_epochs.
struct StepDecayOptions {
  std::vector<double> milestones;
  std::optional<double> every_epochs;
  double gamma = 0.1;
  WarmupOptions warmup;
};
void describe(StepDecayOptions& options, config::Fields& fields);

struct CosineOptions {
  double final_factor = 0;
  WarmupOptions warmup;
};
void describe(CosineOptions& options, config::Fields& fields);

struct LinearOptions {
  double final_factor = 0;
  WarmupOptions warmup;
};
void describe(LinearOptions& options, config::Fields& fields);

struct PolynomialOptions {
  double power = 2;
  double final_factor = 0;
  WarmupOptions warmup;
};
void describe(PolynomialOptions& options, config::Fields& fields);

struct OneCycleOptions {
  double pct_start = 0.3;
  double div_factor = 25;
  double final_div_factor = 1e4;
};
void describe(OneCycleOptions& options, config::Fields& fields);

}  // namespace stoker::optim
