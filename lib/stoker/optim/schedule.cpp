#include "stoker/optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "stoker/core/checked.h"
#include "stoker/core/error.h"

namespace stoker::optim {
namespace {

void describe_warmup(WarmupOptions& options, config::Fields& fields) {
  fields("warmup_epochs", options.warmup_epochs,
         "epochs over which the rate climbs, per step, to its peak; fractions allowed")
      .at_least(0);
  fields("warmup_start", options.warmup_start, "factor on lr at the first step of the warmup")
      .in(0, 1);
}

void describe_final(double& final_factor, config::Fields& fields) {
  fields("final_factor", final_factor, "factor on lr at the end of the run").at_least(0);
}

int64_t to_steps(double epochs, const ScheduleContext& context) {
  return checked_round("schedule", epochs * context.steps_per_epoch);
}

// A warmup, then `rest(step, p)` with p in [0, 1] over the steps that follow it.
template <class Rest>
Schedule after_warmup(const WarmupOptions& options, const ScheduleContext& context,
                      const Rest& rest) {
  const int64_t total = context.total_steps;
  STOKER_CHECK(total >= 1 && context.steps_per_epoch > 0, "total_steps={} steps_per_epoch={}",
               total, context.steps_per_epoch);
  const int64_t warmup = to_steps(options.warmup_epochs, context);
  if (warmup > total) {
    throw ConfigError(fmt::format(
        "schedule.warmup_epochs: {:.6g} epochs ({} steps) are longer than the run of {} "
        "steps. Lower it "
        "or raise train.epochs.",
        options.warmup_epochs, warmup, total));
  }
  return [=, start = options.warmup_start](int64_t step) {
    STOKER_CHECK(step >= 0, "step={}", step);
    step = std::min(step, total);
    if (step < warmup)
      return start + (1 - start) * static_cast<double>(step) / static_cast<double>(warmup);
    const double p = warmup == total
                         ? 1.0
                         : static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
    return rest(step, p);
  };
}

Schedule constant(const ConstantOptions& options, const ScheduleContext& context) {
  return after_warmup(options.warmup, context, [](int64_t, double) { return 1.0; });
}

std::vector<int64_t> milestone_steps(const StepDecayOptions& options,
                                     const ScheduleContext& context) {
  if (options.milestones.empty() == !options.every_epochs) {
    throw ConfigError(
        "schedule: step needs either milestones (epochs, say [30, 60, 80]) or every_epochs.");
  }
  std::vector<int64_t> steps;
  if (options.every_epochs) {
    const double interval = *options.every_epochs * context.steps_per_epoch;
    if (!(interval >= 1))
      throw ConfigError(fmt::format("schedule.every_epochs: {} is shorter than one step.",
                                    *options.every_epochs));
    for (int64_t i = 1; std::llround(static_cast<double>(i) * interval) <= context.total_steps; ++i)
      steps.push_back(std::llround(static_cast<double>(i) * interval));
    return steps;
  }
  double previous = 0;
  for (double milestone : options.milestones) {
    if (milestone <= previous) {
      throw ConfigError(fmt::format(
          "schedule.milestones: {} after {}: they must be above 0 and grow.", milestone, previous));
    }
    previous = milestone;
    steps.push_back(to_steps(milestone, context));
  }
  return steps;
}

Schedule step_decay(const StepDecayOptions& options, const ScheduleContext& context) {
  return after_warmup(
      options.warmup, context,
      [gamma = options.gamma, steps = milestone_steps(options, context)](int64_t step, double) {
        const auto passed = std::upper_bound(steps.begin(), steps.end(), step);
        return std::pow(gamma, static_cast<double>(passed - steps.begin()));
      });
}

// From `start` to `end` along half a cosine as p goes from 0 to 1.
double half_cosine(double start, double end, double p) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * p));
}

Schedule cosine(const CosineOptions& options, const ScheduleContext& context) {
  return after_warmup(options.warmup, context, [end = options.final_factor](int64_t, double p) {
    return half_cosine(1, end, p);
  });
}

Schedule linear(const LinearOptions& options, const ScheduleContext& context) {
  return after_warmup(options.warmup, context, [end = options.final_factor](int64_t, double p) {
    return 1 + (end - 1) * p;
  });
}

Schedule polynomial(const PolynomialOptions& options, const ScheduleContext& context) {
  return after_warmup(options.warmup, context,
                      [end = options.final_factor, power = options.power](int64_t, double p) {
                        return end + (1 - end) * std::pow(1 - p, power);
                      });
}

Schedule one_cycle(const OneCycleOptions& options, const ScheduleContext& context) {
  STOKER_CHECK(context.total_steps >= 1, "total_steps={}", context.total_steps);
  const double last = static_cast<double>(context.total_steps - 1);
  const double peak = options.pct_start * static_cast<double>(context.total_steps) - 1;
  const double start = 1 / options.div_factor;
  const double end = start / options.final_div_factor;
  return [=](int64_t step) {
    STOKER_CHECK(step >= 0, "step={}", step);
    const double s = std::min(static_cast<double>(step), last);
    if (s <= peak) return peak == 0 ? 1.0 : half_cosine(start, 1, s / peak);
    return half_cosine(1, end, (s - peak) / (last - peak));
  };
}

}  // namespace

void describe(ConstantOptions& options, config::Fields& fields) {
  describe_warmup(options.warmup, fields);
}

void describe(StepDecayOptions& options, config::Fields& fields) {
  fields("milestones", options.milestones, "epochs at which the rate falls, in growing order");
  fields("every_epochs", options.every_epochs, "epochs between falls, instead of milestones")
      .positive()
      .unset_as("off");
  fields("gamma", options.gamma, "factor of each fall").above(0).at_most(1);
  describe_warmup(options.warmup, fields);
}

void describe(CosineOptions& options, config::Fields& fields) {
  describe_final(options.final_factor, fields);
  describe_warmup(options.warmup, fields);
}

void describe(LinearOptions& options, config::Fields& fields) {
  describe_final(options.final_factor, fields);
  describe_warmup(options.warmup, fields);
}

void describe(PolynomialOptions& options, config::Fields& fields) {
  fields("power", options.power, "exponent of the fall; 1 is linear").positive();
  describe_final(options.final_factor, fields);
  describe_warmup(options.warmup, fields);
}

void describe(OneCycleOptions& options, config::Fields& fields) {
  fields("pct_start", options.pct_start, "part of the run that climbs").in(0, 1);
  fields("div_factor", options.div_factor, "the first step's rate is lr divided by it").at_least(1);
  fields("final_div_factor", options.final_div_factor,
         "the last step's rate is the first one's divided by it")
      .at_least(1);
}

const ScheduleTable& schedules() {
  static const ScheduleTable table{
      ScheduleTable::row<ConstantOptions>("constant", "the same rate after the warmup", constant),
      ScheduleTable::row<StepDecayOptions>("step", "falls by a factor at given epochs", step_decay),
      ScheduleTable::row<CosineOptions>("cosine", "half a cosine from the peak to the end", cosine),
      ScheduleTable::row<LinearOptions>("linear", "straight from the peak to the end", linear),
      ScheduleTable::row<PolynomialOptions>("polynomial", "a power of the part still to go",
                                            polynomial),
      ScheduleTable::row<OneCycleOptions>("one_cycle", "up and down along cosines (torch's form)",
                                          one_cycle),
  };
  return table;
}

}  // namespace stoker::optim
