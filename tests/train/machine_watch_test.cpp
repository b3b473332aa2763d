// Energy and figures of several ranks, and a run that ends by its budget.
#include "stoker/train/machine_watch.h"

#include <cmath>
#include <thread>

#include "support/catch.h"
#include "support/temporary.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;
using train::RankReport;

TEST_CASE("what a rank reports comes back as it was", "[train]") {
  RankReport report{.works = 0.75, .usable_cpus = 6};
  report.window.gpu_power_w = 412.5;
  report.gpu = "NVIDIA H200";
  report.why_no_gpu = "no driver";
  report.peak_tflops = 989;
  report.of_steps.gpu_counter_j = 100;
  report.undelivered.cpu_model_j = 3;
  const RankReport read = train::rank_report(train::to_json(report));
  CHECK(read.works == 0.75);
  CHECK(read.usable_cpus == 6);
  CHECK(read.gpu == "NVIDIA H200");
  CHECK(read.why_no_gpu == "no driver");
  CHECK(read.peak_tflops == 989);
  CHECK(read.window.gpu_power_w == 412.5);
  CHECK_FALSE(read.window.gpu_util);
  CHECK(read.of_steps.gpu_counter_j == 100);
  CHECK(std::isnan(read.of_steps.gpu_integral_j));
  CHECK(read.undelivered.cpu_model_j == 3);
  for (const char* damaged : {"", "[]", "{\"window\": 3, \"of_steps\": 4}"})
    CHECK(std::isnan(train::rank_report(damaged).of_steps.gpu_counter_j));
}

TEST_CASE("arithmetic is a share of the peak that is known, or of none", "[train]") {
  ToyRun run;
  run.state().position.window.add({.images = 7, .time_s = 0.5});
  const auto line = [&](std::optional<double> peak, double again) {
    train::MachineWatch watch(
        {.flops_per_image = 3e12, .recomputed_flops_per_image = again, .peak_tflops = peak},
        dist::alone(), run.state().position);
    return watch.line(run.state(), 0);
  };
  const train::MachineLine with = line(100, 1e12);
  CHECK(with.tflops == Approx(42));
  CHECK(with.mfu == Approx(0.42));
  CHECK(with.hfu == Approx(0.56));  // four thirds
  CHECK_FALSE(line(100, 0).hfu);
  CHECK_FALSE(line(std::nullopt, 1e12).mfu);
  CHECK_FALSE(with.energy_kwh);  // nothing is read
  CHECK_FALSE(with.exchange_wait_s);
}

TEST_CASE("a run whose processors are modelled ends by its energy, and saves what it has trained",
          "[train]") {
  ToyRun run;
  run.options.train.epochs = 100'000;
  run.options.train.max_energy_kwh = 1e-9;
  const TemporaryFolder root;  // a machine whose processors have no counters of energy
  run.options.machine.sampler =
      monitor::SamplerOptions{.every_s = 0.002, .root = root.path(), .cpu_tdp_w = 1e6};
  int64_t lines = 0;
  train::Trainer trainer = run.trainer();
  trainer.add(std::make_unique<CallbackAt>(train::Event::kLog, [&](const train::View&) {
    ++lines;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }));
  CHECK(trainer.fit() == train::StopReason::kMaxEnergy);
  CHECK(run.state().position.step == lines);  // none after the line that says so
  CHECK(run.state().position.energy.cpu_model_j > 0.0036);
}

TEST_CASE("a budget that was taken before a resume ends it at once", "[train]") {
  ToyRun run;
  run.options.machine.prices.price_per_kwh = 0.5;
  run.options.train.max_cost = 2;
  run.state().position.energy = {.gpu_j = 4 * 3.6e6, .gpu_s = 60, .gpu_measured_s = 60};
  CHECK(run.trainer().fit() == train::StopReason::kMaxCost);
  CHECK(run.state().position.step == 0);
  run.options.train.max_cost = 2.01;
  CHECK(run.trainer().fit() == train::StopReason::kFinished);
}
