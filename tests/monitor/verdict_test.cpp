// Each verdict has facts that make it, and others, near them, that do not.
#include "stoker/monitor/verdict.h"

#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace stoker;
using monitor::Facts;
using monitor::judge;
using monitor::Verdict;

namespace {

using Means = std::vector<std::pair<std::string, double>>;

// A hundred seconds of training on an H100 that is well used.
Facts busy_gpu(const Means& means = {}) {
  Facts facts{.on_gpu = true, .gpu = "NVIDIA H100 80GB HBM3", .usable_cpus = 16};
  facts.lines = 20;
  facts.wall_s = 100;
  facts.steps_s = 95;
  facts.images = 100'000;
  facts.loader_threads = 16;
  facts.decode_s = 400;
  facts.eval_s = 4;
  for (const auto& [key, value] : Means{{"gpu_util", 0.98},
                                        {"gpu_sm_busy", 0.8},
                                        {"gpu_tensor", 0.4},
                                        {"gpu_dram", 0.4},
                                        {"gpu_power_w", 520},
                                        {"gpu_power_limit_w", 700},
                                        {"gpu_temp_c", 61},
                                        {"gpu_held_heat", 0},
                                        {"gpu_held_power", 0.1},
                                        {"gpu_others_gib", 0},
                                        {"mfu", 0.41}}) {
    facts.set_mean(key, value);
  }
  for (const auto& [key, value] : means) facts.set_mean(key, value);
  return facts;
}

Facts busy_cpu(const Means& means = {}) {
  Facts facts{.usable_cpus = 4};
  facts.lines = 20;
  facts.wall_s = 100;
  facts.steps_s = 92;
  facts.eval_s = 6;
  facts.images = 10'000;
  facts.loader_threads = 4;
  facts.set_mean("cpu_used", 3.7);
  facts.set_mean("cpu_wait", 0.02);
  for (const auto& [key, value] : means) facts.set_mean(key, value);
  return facts;
}

void expect(const Facts& facts, const std::string& kind, const std::vector<std::string>& parts) {
  const Verdict verdict = judge(facts);
  CAPTURE(verdict.text, verdict.advice);
  CHECK(verdict.kind == kind);
  for (const std::string& part : parts)
    CHECK_THAT(verdict.text + ": " + verdict.advice, Catch::Contains(part));
}

}  // namespace

TEST_CASE("waiting for data names the share, the stage and the key") {
  Facts facts = busy_gpu();
  facts.data_wait_s = 34;
  facts.decode_s = 1000;
  facts.augment_s = 300;
  facts.loader_threads = 12;
  expect(facts, "data",
         {"34% of the time", "12 threads", "77% of theirs on decoding", "data.threads", "12 of 16",
          "data.cache=memory"});
  facts.read_s = 1100;
  facts.decode_s = 10;
  expect(facts, "data", {"on reading", "faster or local disk"});
  facts.read_s = facts.decode_s = 0;
  expect(facts, "data", {"data.prefetch_mib"});  // the threads are idle
  facts.data_wait_s = 9;
  expect(facts, "compute", {});
}

TEST_CASE("a slow rank is told from a slow network") {
  Facts facts =
      busy_gpu({{"slowest_rank", 3}, {"slowest_rank_works", 0.98}, {"mean_rank_works", 0.75}});
  facts.ranks = 4;
  expect(facts, "slow_rank", {"rank 3", "23% of the time"});
  facts.set_mean("mean_rank_works", 0.9);
  expect(facts, "compute", {});
  facts.exchange_wait_s = 30;
  expect(facts, "exchange", {"30% of the time", "dist.compress"});
  facts.ranks = 1;
  expect(facts, "compute", {});
}

TEST_CASE("evaluations and checkpoints that take much of the time are named") {
  Facts facts = busy_gpu();
  facts.steps_s = 60;
  facts.eval_s = 38;
  expect(facts, "evaluation", {"38% of the time", "eval.every_epochs"});
  facts.eval_s = 20;  // some of it is worth its time
  expect(facts, "compute", {});
  facts.save_s = 22;
  expect(facts, "checkpoints", {"22% of the time", "checkpoint.every_epochs"});
  facts.save_s = 8;
  expect(facts, "compute", {});
}

TEST_CASE("a GPU that idles between kernels, or that they do not fill, is launch-bound") {
  expect(busy_gpu({{"gpu_util", 0.62}}), "launch", {"38% of the time", "train.microbatch"});
  expect(busy_gpu({{"gpu_util", 0.99}, {"gpu_sm_busy", 0.2}}), "launch",
         {"99% of the time", "20% of the GPU's multiprocessors"});
  expect(busy_gpu({{"gpu_util", 0.9}}), "compute", {});
  Facts waiting = busy_gpu({{"gpu_util", 0.62}});  // it idles because images are missing
  waiting.data_wait_s = 30;
  expect(waiting, "data", {});
}

TEST_CASE("a busy memory is told from busy multiprocessors") {
  expect(busy_gpu({{"gpu_dram", 0.78}}), "memory",
         {"78% of its bandwidth", "train.precision=bf16"});
  expect(busy_gpu({{"gpu_dram", 0.55}}), "compute", {});
}

TEST_CASE("a computing GPU has its share of the peak, where the peak is known") {
  expect(busy_gpu(), "compute", {"41% of the peak of NVIDIA H100 80GB HBM3", "80% busy"});
  Facts unknown{.on_gpu = true, .gpu = "NVIDIA A10G", .usable_cpus = 8};
  unknown.lines = 5;
  unknown.wall_s = 100;
  unknown.steps_s = 95;
  unknown.set_mean("gpu_util", 0.97);
  const Verdict verdict = judge(unknown);
  CHECK(verdict.kind == "compute");
  CHECK_THAT(verdict.text, Catch::Contains("the peak of NVIDIA A10G is unknown"));
  CHECK_THAT(verdict.text, !Catch::Contains("% of the peak"));
  CHECK_THAT(verdict.advice, Catch::Contains("monitor.peak_tflops"));
  Facts unmeasured{.on_gpu = true, .gpu = "NVIDIA A10G", .usable_cpus = 8};
  unmeasured.lines = 5;
  unmeasured.wall_s = 100;
  unmeasured.steps_s = 95;
  CHECK(judge(unmeasured).kind == "unclear");
}

TEST_CASE("a GPU that is held back says by whom and for how long") {
  expect(busy_gpu({{"gpu_held_heat", 0.6}, {"gpu_temp_c", 92}}), "heat",
         {"60% of the time", "92 C", "nvidia-smi -pl"});
  expect(busy_gpu({{"gpu_held_heat", 0.1}}), "compute", {});
  expect(busy_gpu({{"gpu_held_brake", 0.4}}), "power_brake", {"40% of the time"});
  expect(busy_gpu({{"gpu_held_brake", 0.05}}), "compute", {});
  expect(busy_gpu({{"gpu_held_power", 0.9}, {"gpu_power_w", 695}}), "power_limit",
         {"90% of the time", "695 of 700 W"});
  expect(busy_gpu({{"gpu_held_power", 0.3}}), "compute", {});
}

TEST_CASE("another process on the GPU is named, a desktop's little memory is not") {
  expect(busy_gpu({{"gpu_others_gib", 11.5}}), "other_process", {"11.5 GiB", "nvidia-smi"});
  expect(busy_gpu({{"gpu_others_gib", 0.3}}), "compute", {});
}

TEST_CASE("a PCIe link that is nearly full is named with what it is") {
  const Means link{{"gpu_pcie_generation", 3}, {"gpu_pcie_width", 4}, {"gpu_pcie_busy", 0.83}};
  expect(busy_gpu(link), "pcie", {"83% busy in one direction", "generation 3, 4 lanes"});
  Means half = link;
  half[2].second = 0.5;
  expect(busy_gpu(half), "compute", {});
}

TEST_CASE("memory that is read or written all the time is named where no more is known of it") {
  expect(busy_gpu({{"gpu_dram", 0.3}, {"gpu_memory_busy", 0.95}}), "compute", {});
  Facts coarse = busy_gpu({{"gpu_memory_busy", 0.9}});
  coarse.means.erase("gpu_dram");
  expect(coarse, "memory", {"read or written 90% of the time", "train.precision"});
  coarse.set_mean("gpu_memory_busy", 0.7);
  expect(coarse, "compute", {});
}

TEST_CASE("a board that holds the clock down is named") {
  expect(busy_gpu({{"gpu_held_other", 0.6}}), "slowdown", {"60% of the time", "nvidia-smi -q"});
  expect(busy_gpu({{"gpu_held_other", 0.1}}), "compute", {});
}

TEST_CASE("lines and evaluations of a process's first line are of no account") {
  const auto train = [](double time_s, double wall_s) {
    return [=](std::string_view key) -> std::optional<double> {
      if (key == "time_s") return time_s;
      if (key == "wall_s") return wall_s;
      if (key == "usable_cpus") return 6;
      return std::nullopt;
    };
  };
  const auto evaluation = [](std::string_view) -> std::optional<double> { return 5.2; };
  Facts facts{.usable_cpus = 1};
  facts.note_line(train(28, 28.5));
  facts.add_evaluation(evaluation);
  CHECK(judge(facts).kind == "too_short");
  facts.add_training(train(56, 33.4));  // whose wall has the evaluation before it
  facts.add_evaluation(evaluation);
  CHECK(facts.wall_s == Approx(28.2 + 5.2));
  CHECK(facts.eval_s == Approx(5.2));
  CHECK(facts.usable_cpus == 6);             // of all ranks
  CHECK(judge(facts).kind != "evaluation");  // 16 %
  Facts next = facts.next();
  next.add_training(train(84, 33.4));
  CHECK(next.wall_s == Approx(28.2));
}

TEST_CASE("a quota that is used up is named, a few periods are not") {
  expect(busy_cpu({{"cpu_held", 0.7}}), "quota", {"70% of its periods", "data.threads"});
  expect(busy_cpu({{"cpu_held", 0.04}}), "compute", {});
  expect(busy_gpu({{"cpu_held", 0.5}}), "quota", {"50%"});
}

TEST_CASE("busy processors are told of a lower precision where it would be faster") {
  const Verdict plain = judge(busy_cpu());
  CHECK(plain.kind == "compute");
  CHECK(plain.advice == "more processors, or a GPU");
  Facts facts = busy_cpu();
  facts.faster_precision = "bf16";
  expect(facts, "compute", {"3.7 of 4", "train.precision=bf16"});
  CHECK(facts.next().faster_precision == "bf16");
}

TEST_CASE("a first thread that waits for a processor means too many on the machine") {
  expect(busy_cpu({{"cpu_wait", 0.45}, {"cpu_others", 3.2}}), "oversubscribed",
         {"45% of the time", "3.2 processors are busy with other processes"});
  expect(busy_cpu({{"cpu_wait", 0.06}, {"cpu_others", 3.2}}), "compute", {});
}

TEST_CASE("busy processors are told from idle ones, and from nothing measured") {
  expect(busy_cpu(), "compute", {"3.7 of 4"});
  expect(busy_cpu({{"cpu_used", 1.2}}), "unclear", {"1.2 of 4 processors"});
  Facts blind{.usable_cpus = 4};
  blind.lines = 5;
  blind.wall_s = 50;
  blind.steps_s = 50;
  expect(blind, "unclear", {"nothing more is measured"});
}

TEST_CASE("the largest loss is the one that is named") {
  Facts facts = busy_gpu({{"gpu_held_heat", 0.5}});
  facts.data_wait_s = 40;
  expect(facts, "data", {});
  facts.data_wait_s = 15;
  expect(facts, "heat", {});
}

TEST_CASE("a second is too short to judge by") {
  Facts facts = busy_gpu();
  facts.wall_s = 1.9;
  expect(facts, "too_short", {"1.9 s"});
  CHECK(judge(Facts{}).kind == "too_short");
}

namespace {

Facts::Line line_of(const Means& figures) {
  return [figures](std::string_view key) -> std::optional<double> {
    for (const auto& [name, value] : figures) {
      if (name == key) return value;
    }
    return std::nullopt;
  };
}

}  // namespace

TEST_CASE("log lines add up: steps by their own clock, figures by their time") {
  Facts facts{.usable_cpus = 2};
  facts.note_line(line_of({{"time_s", 5}}));
  facts.add_training(line_of({{"time_s", 15},
                              {"wall_s", 12},
                              {"images_per_s", 100},
                              {"data_wait", 0.2},
                              {"decode_us", 1000},
                              {"loader_threads", 2},
                              {"save_s", 1},
                              {"cpu_used", 1}}));
  facts.add_evaluation(line_of({{"eval_s", 3}}));
  facts.add_training(line_of(
      {{"time_s", 20}, {"wall_s", 8}, {"images_per_s", 200}, {"data_wait", 0}, {"cpu_used", 2}}));
  CHECK(facts.wall_s == Approx(20));
  CHECK(facts.steps_s == Approx(15));
  CHECK(facts.images == Approx(2000));
  CHECK(facts.data_wait_s == Approx(2));
  CHECK(facts.decode_s == Approx(1));
  CHECK(facts.save_s == Approx(1));
  CHECK(facts.eval_s == Approx(3));
  CHECK(facts.mean("cpu_used") == Approx((12 * 1 + 8 * 2) / 20.0));
  CHECK_FALSE(facts.mean("gpu_util"));
  CHECK(facts.loader_threads == 2);

  Facts next = facts.next();
  CHECK(next.wall_s == 0);
  CHECK_FALSE(next.mean("cpu_used"));
  next.add_training(line_of({{"time_s", 26}, {"wall_s", 9}}));
  CHECK(next.steps_s == Approx(6));
}
