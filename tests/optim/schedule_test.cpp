#include "stoker/optim/schedule.h"

#include "golden.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

constexpr ScheduleContext kTwentySteps{.total_steps = 20, .steps_per_epoch = 4};

template <class Options>
Schedule build(std::string_view name, const Options& options,
               const ScheduleContext& context = kTwentySteps) {
  config::Choice choice = schedules().pick(name);
  choice.as<Options>() = options;
  return schedules().build(choice, context);
}

void check_golden(const std::string& name, const Schedule& schedule) {
  INFO(name);
  const auto expected = test::golden("schedule")[name].get<std::vector<double>>();
  for (size_t step = 0; step < expected.size(); ++step) {
    INFO("step " << step);
    // torch's recursive forms drift by some 1e-15 a step
    CHECK(schedule(static_cast<int64_t>(step)) == Approx(expected[step]).epsilon(1e-12));
  }
}

constexpr WarmupOptions kWarmup{.warmup_epochs = 1, .warmup_start = 0.2};

TEST_CASE("schedules are those of torch.optim.lr_scheduler") {
  check_golden("step", build("step", StepDecayOptions{.milestones = {1.5, 2, 4.5}, .gamma = 0.5}));
  check_golden("step_every", build("step", StepDecayOptions{.every_epochs = 1.5}));
  check_golden("cosine", build("cosine", CosineOptions{.final_factor = 0.1}));
  check_golden("cosine_warmup",
               build("cosine", CosineOptions{.final_factor = 0.1, .warmup = kWarmup}));
  check_golden("linear", build("linear", LinearOptions{.final_factor = 0.07}));
  check_golden("linear_warmup",
               build("linear", LinearOptions{.final_factor = 0.07, .warmup = kWarmup}));
  check_golden("polynomial", build("polynomial", PolynomialOptions{.power = 1.5}));
  check_golden("one_cycle", build("one_cycle", OneCycleOptions{}));
  check_golden("one_cycle_pct",
               build("one_cycle",
                     OneCycleOptions{.pct_start = 0.45, .div_factor = 10, .final_div_factor = 50},
                     {.total_steps = 7, .steps_per_epoch = 3}));
}

TEST_CASE("the warmup climbs per step and reaches the peak at its end") {
  const Schedule schedule = build("constant", ConstantOptions{kWarmup});
  CHECK(schedule(0) == Approx(0.2));
  CHECK(schedule(1) == Approx(0.4));
  CHECK(schedule(3) == Approx(0.8));
  CHECK(schedule(4) == 1);
  CHECK(schedule(19) == 1);
  // 0.6 of an epoch of 4 steps is 2.4 steps: 2
  const Schedule odd =
      build("constant", ConstantOptions{{.warmup_epochs = 0.6, .warmup_start = 0}});
  CHECK(odd(0) == 0);
  CHECK(odd(1) == Approx(0.5));
  CHECK(odd(2) == 1);
}

TEST_CASE("falls count from the start of the run, warmup included") {
  const Schedule schedule =
      build("step", StepDecayOptions{.milestones = {2, 90}, .gamma = 0.5, .warmup = kWarmup});
  CHECK(schedule(7) == 1);
  CHECK(schedule(8) == 0.5);
  CHECK(schedule(19) == 0.5);
}

TEST_CASE("beyond the end the factor stays that of the end") {
  CHECK(build("cosine", CosineOptions{.final_factor = 0.1})(20) == Approx(0.1));
  CHECK(build("cosine", CosineOptions{.final_factor = 0.1})(1'000'000) == Approx(0.1));
  CHECK(build("linear", LinearOptions{.final_factor = 0.07})(21) == Approx(0.07));
  CHECK(build("linear", LinearOptions{.final_factor = 0})(50) == 0);
  CHECK(build("polynomial", PolynomialOptions{})(40) == 0);
  const Schedule cycle = build("one_cycle", OneCycleOptions{});
  CHECK(cycle(19) == Approx(1 / 25.0 / 1e4));
  CHECK(cycle(300) == cycle(19));
  CHECK_THROWS_AS(cycle(-1), InternalError);
  CHECK_THROWS_AS(build("cosine", CosineOptions{})(-1), InternalError);
}

TEST_CASE("a run of one step") {
  const ScheduleContext one{.total_steps = 1, .steps_per_epoch = 48};
  CHECK(build("constant", ConstantOptions{}, one)(0) == 1);
  CHECK(build("cosine", CosineOptions{}, one)(0) == 1);
  CHECK(build("linear", LinearOptions{}, one)(0) == 1);
  CHECK(build("polynomial", PolynomialOptions{}, one)(0) == 1);
  CHECK(build("step", StepDecayOptions{.every_epochs = 1}, one)(0) == 1);
  CHECK(std::isfinite(build("one_cycle", OneCycleOptions{}, one)(0)));
  CHECK(build("one_cycle", OneCycleOptions{.pct_start = 1}, one)(0) == 1);
  CHECK(build("one_cycle", OneCycleOptions{.pct_start = 0}, one)(0) > 0);
}

TEST_CASE("a warmup of the whole run is allowed, a longer one is not") {
  const LinearOptions whole{.warmup = {.warmup_epochs = 5, .warmup_start = 0.5}};
  const Schedule schedule = build("linear", whole);
  CHECK(schedule(19) == Approx(0.5 + 0.5 * 19 / 20));
  CHECK(schedule(20) == 0);
  LinearOptions longer = whole;
  longer.warmup.warmup_epochs = 5.25;
  CHECK_THROWS_AS(build("linear", longer), ConfigError);
  CHECK_THROWS_WITH(build("linear", longer), Catch::Contains("schedule.warmup_epochs") &&
                                                 Catch::Contains("21 steps") &&
                                                 Catch::Contains("20"));
}

TEST_CASE("step needs its falls, in order") {
  CHECK_THROWS_AS(build("step", StepDecayOptions{}), ConfigError);
  CHECK_THROWS_AS(build("step", StepDecayOptions{.milestones = {1}, .every_epochs = 1}),
                  ConfigError);
  CHECK_THROWS_AS(build("step", StepDecayOptions{.milestones = {2, 2}}), ConfigError);
  CHECK_THROWS_AS(build("step", StepDecayOptions{.milestones = {0, 2}}), ConfigError);
  CHECK_THROWS_AS(build("step", StepDecayOptions{.every_epochs = 0.1}), ConfigError);
}

TEST_CASE("every row names its options") {
  for (const config::Alternative& row : schedules().rows()) {
    INFO(row.name);
    config::Choice choice = schedules().pick(row.name);
    config::Fields fields;
    schedules().describe(choice, fields);
    bool warmup = false;
    for (const config::Field& field : fields.list()) warmup |= field.name == "warmup_epochs";
    CHECK(warmup == (row.name != "one_cycle"));
  }
}

}  // namespace
}  // namespace stoker::optim
