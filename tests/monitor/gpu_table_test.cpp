#include "stoker/monitor/gpu_table.h"

#include <string>

#include "support/catch.h"

using namespace stoker;
using monitor::Arithmetic;
using monitor::find_gpu;

TEST_CASE("a GPU is found by the name that its driver gives it") {
  const monitor::GpuSpec* h200 = find_gpu("NVIDIA H200");
  REQUIRE(h200 != nullptr);
  CHECK(h200->peak_tflops(Arithmetic::kBf16) == Approx(989));
  CHECK(h200->peak_tflops(Arithmetic::kTf32) == Approx(494.5));
  CHECK(h200->peak_tflops(Arithmetic::kBf16, 1980) == Approx(989));
  CHECK(h200->peak_tflops(Arithmetic::kBf16, 990) == Approx(494.5));  // a card of half the clock
  const monitor::GpuSpec* v100 = find_gpu("Tesla V100-SXM2-32GB");
  REQUIRE(v100 != nullptr);
  CHECK(v100->peak_tflops(Arithmetic::kFp16) == Approx(125));
  CHECK_FALSE(v100->peak_tflops(Arithmetic::kBf16));
}

TEST_CASE("a card that only looks like one of the table has no figures") {
  for (const char* name :
       {"NVIDIA A10G", "NVIDIA GeForce RTX 4090 D", "NVIDIA H200 NVL2", "H",
        "NVIDIA A100-SXM4-40GB MIG 1g.5gb", "NVIDIA GeForce RTX 4090 Laptop GPU", "", "NVIDIA "}) {
    CAPTURE(name);
    CHECK(find_gpu(name) == nullptr);
  }
}

TEST_CASE("each row of the table is whole and dense") {
  for (const monitor::GpuSpec& gpu : monitor::gpu_table()) {
    CAPTURE(std::string(gpu.title));
    CHECK(gpu.memory_gb >= 16);
    CHECK(gpu.bandwidth_gb_s >= 300);
    CHECK(gpu.fp32 > 0);
    CHECK(gpu.fp16 > 0);
    CHECK(gpu.power_w > 0);
    CHECK(gpu.source.starts_with("https://"));
    CHECK(find_gpu("NVIDIA " + std::string(gpu.names.substr(0, gpu.names.find('|')))) == &gpu);
    CHECK(gpu.tf32 <= gpu.fp16);
  }
}
