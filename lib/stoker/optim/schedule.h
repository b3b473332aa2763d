// Learning-rate schedules: a factor on the base rate as a function of the optimizer step. No torch.
//
//   auto schedule = schedules().build(options.schedule, {.total_steps = 480, .steps_per_epoch = 48});
//   double factor = schedule(step);   // step in [0, total_steps)
//
// All begin with a linear warmup of warmup_epochs from warmup_start (a factor), per step.
#pragma once

#include <cstdint>
#include <functional>

#include "stoker/config/choice.h"

namespace stoker::optim {

struct ScheduleContext {
  int64_t total_steps = 0;
  double steps_per_epoch = 0;
};
using Schedule = std::function<double(int64_t step)>;
using ScheduleTable = config::Table<Schedule(const ScheduleContext&)>;
const ScheduleTable& schedules();  // constant, step, cosine, linear, polynomial, one_cycle

}  // namespace stoker::optim
