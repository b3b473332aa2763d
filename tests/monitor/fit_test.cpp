// Whether devices can train something, and what is said of it.
#include "stoker/monitor/fit.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/core/json_text.h"
#include "stoker/monitor/fit_report.h"
#include "support/catch.h"

using namespace stoker;
using Catch::Contains;
using monitor::Arithmetic;
using monitor::Fit;
using monitor::Training;

namespace {

constexpr int64_t kGib = int64_t{1} << 30;

// About a ResNet-50 at 224 px.
Training resnet50() {
  Training training{
      .model = "resnet50", .input = "3x224x224", .parameters = 25'557'032, .steps = 5004};
  training.work = {.flops_per_image = 24.5e9,
                   .bytes_per_image = 600e6,
                   .bytes_per_step = 0.9e9,
                   .fixed_bytes = 300 << 20,
                   .kept_per_image = 100 << 20,
                   .batch_size = 256,
                   .smallest_microbatch = 1,
                   .images = 1.28e6,
                   .operators_per_pass = 160};
  return training;
}

Fit find(const std::vector<Fit>& fits, const std::string& device) {
  const auto found = std::ranges::find(fits, device, &Fit::device);
  REQUIRE(found != fits.end());
  return *found;
}

}  // namespace

TEST_CASE("narrow arithmetic halves what lies between layers and nothing else") {
  const monitor::Work work = monitor::work_in(resnet50(), Arithmetic::kBf16);
  CHECK(work.bytes_per_image == 300e6);
  CHECK(work.kept_per_image == 50 << 20);
  CHECK(work.fixed_bytes == 300 << 20);
  CHECK(monitor::work_in(resnet50(), Arithmetic::kTf32).kept_per_image == 100 << 20);
}

TEST_CASE("each GPU of the table is asked for its fastest arithmetic, slowest GPU first") {
  const std::vector<Fit> fits = monitor::fit_gpus(resnet50());
  CHECK(fits.size() == monitor::gpu_table().size());
  CHECK(find(fits, "T4").arithmetic == Arithmetic::kFp16);
  const Fit a100 = find(fits, "A100 80GB SXM");
  CHECK(a100.arithmetic == Arithmetic::kBf16);
  CHECK(a100.can_train());
  CHECK(a100.estimate.microbatch == 256);
  // 24.5e9 / 312e12 = 78.5 us; (300e6 + 0.9e9 / 256) / 2039e9 = 148.9 us
  CHECK(a100.images_per_s[0] == Approx(0.2 / 148.86e-6).epsilon(1e-3));
  CHECK(a100.images_per_s[1] == Approx(0.6 / 148.86e-6).epsilon(1e-3));
  CHECK(a100.run_s[0] == Approx(1.28e6 / a100.images_per_s[1]));
  CHECK(a100.run_s[1] == Approx(1.28e6 / a100.images_per_s[0]));
  CHECK((*a100.kwh)[1] == Approx(400 * a100.run_s[1] / 3.6e6));
  CHECK(std::ranges::is_sorted(fits, {}, [](const Fit& fit) { return fit.images_per_s[0]; }));
}

TEST_CASE("arithmetic that a configuration names is not replaced where a card lacks it") {
  Training training = resnet50();
  training.arithmetic = Arithmetic::kBf16;
  const std::vector<Fit> fits = monitor::fit_gpus(training);
  CHECK(find(fits, "T4").why_not == "has no bf16");
  CHECK_FALSE(fits.back().can_train());
  CHECK(fits.front().can_train());
}

TEST_CASE("a device without the memory for the smallest micro-batch cannot train") {
  Training training = resnet50();
  training.work.fixed_bytes = 60 * kGib;
  const std::vector<Fit> fits = monitor::fit_gpus(training);
  CHECK_THAT(find(fits, "RTX 4090").why_not, Contains("needs 60.") && Contains("has 22.4 GiB"));
  CHECK(find(fits, "H200 SXM").can_train());
}

TEST_CASE("a small network is bound by the host that starts its operators, on a GPU alone") {
  Training training = resnet50();
  training.work.flops_per_image = 0.1e9;
  training.work.bytes_per_image = 1e6;
  training.work.bytes_per_step = 1e6;
  const Fit h200 = find(monitor::fit_gpus(training), "H200 SXM");
  CHECK(h200.estimate.is_bound_by_host);
  CHECK_FALSE(h200.estimate.is_bound_by_memory);
  CHECK(h200.estimate.images_per_s == Approx(256 / (160 * monitor::kOperator_s)));
  const Fit cpu = monitor::fit_device(
      training, "cpu", {.flops_per_s = 1e11, .bytes_per_s = 1e12, .memory_bytes = 32 * kGib},
      Arithmetic::kFp32, monitor::kReachedByCpu);
  CHECK_FALSE(cpu.estimate.is_bound_by_host);
  CHECK(cpu.images_per_s[1] == Approx(0.9 * 1e11 / 0.1e9));
  CHECK_FALSE(cpu.kwh);
}

TEST_CASE("the report of a fit has ranges in two digits, costs where there is a price") {
  monitor::FitReport report{.training = resnet50(), .gpus = monitor::fit_gpus(resnet50())};
  report.here = monitor::fit_device(
      report.training, "cpu", {.flops_per_s = 1e11, .bytes_per_s = 1e10, .memory_bytes = 32 * kGib},
      Arithmetic::kFp32, monitor::kReachedByCpu);
  std::string text = monitor::fit_text(report);
  CHECK_THAT(text, Contains("resnet50 on 3x224x224: 25,557,032 parameters, 24.5 GFLOPs"));
  CHECK_THAT(text, Contains("100 GFLOPS in matrix products and 10 GB/s"));
  CHECK_THAT(text, Contains("micro-batches of 256"));
  CHECK_THAT(text, Contains("about 1.2 to 3.7 images/s, limited by arithmetic"));
  CHECK_THAT(text, Contains("A100 80GB SXM") && Contains("1,300 to 4,000"));
  CHECK_THAT(text, Contains("estimated") && !Contains("cost"));
  CHECK_THAT(
      text,
      Contains("A100 80GB SXM   bf16  256          1,300 to 4,000   5 min 20 s to 15 min 50 s"));
  report.price_per_kwh = 0.3;
  report.gco2_per_kwh = 400;
  CHECK_THAT(monitor::fit_text(report), Contains("cost"));
  const auto json = parse_json(monitor::fit_json(report));
  CHECK(json["can_train"] == true);
  CHECK(json["here"]["kwh"].is_null());
  for (const auto& gpu : json["gpus"]) {
    if (gpu["device"] != "T4") continue;
    CHECK(gpu["cost"][1].get<double>() == Approx(0.3 * gpu["kwh"][1].get<double>()));
    CHECK(gpu["gco2"][0].get<double>() == Approx(400 * gpu["kwh"][0].get<double>()));
  }
}

TEST_CASE("a machine without the device that is asked for says so and still compares") {
  monitor::FitReport report{.training = resnet50(),
                            .why_not_here = "device: cuda was asked for",
                            .gpus = monitor::fit_gpus(resnet50())};
  CHECK_FALSE(report.can_train_here());
  CHECK_THAT(monitor::fit_text(report),
             Contains("This machine cannot: device: cuda was asked for") && Contains("H200 SXM"));
  const auto json = parse_json(monitor::fit_json(report));
  CHECK(json["can_train"] == false);
  CHECK(json["here"].is_null());
}
