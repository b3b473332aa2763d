// What doctor says of a machine and of a config: facts from files, warnings from facts, estimates.
#include <algorithm>
#include <string>
#include <vector>

#include "stoker/monitor/roofline.h"
#include "stoker/monitor/system_facts.h"
#include "stoker/monitor/warnings.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using monitor::MachineFacts;
using test::write;

namespace {

constexpr int64_t kGib = int64_t{1} << 30;

// Of which nothing is to be said.
MachineFacts good_machine() {
  MachineFacts facts;
  facts.system.cpu = {.name = "EPYC", .processors = 16, .usable = 16, .avx2 = true};
  facts.system.cpu.clock_source = "tsc";
  facts.system.cpu.governor = "performance";
  facts.system.memory = {
      .total_bytes = 64 * kGib, .free_bytes = 50 * kGib, .shared_bytes = 32 * kGib};
  facts.system.disk = {.folder = ".", .free_bytes = 100 * kGib, .read_mib_s = 2000};
  facts.system.open_files = 65536;
  facts.system.most_open_files = 65536;
  return facts;
}

MachineFacts gpu_machine() {
  MachineFacts facts = good_machine();
  facts.system.has_nvidia_device = true;
  facts.driver = "555.42";
  facts.driver_cuda = "12.5";
  facts.built_cuda = "12.4";
  facts.cuda_devices = 1;
  facts.kernels = monitor::kernels_of("80-real;90");
  monitor::GpuFacts gpu;
  gpu.info = {
      .name = "NVIDIA A100-SXM4-40GB", .capability = 8.0, .slowdown_c = 90, .max_pcie_width = 16};
  gpu.reading = {.memory_used_bytes = 0,
                 .processes = 0,
                 .temperature_c = 40,
                 .pcie_width = 16,
                 .ecc_uncorrected = 0};
  gpu.persists = true;
  facts.gpus.push_back(gpu);
  return facts;
}

std::vector<std::string> said(const MachineFacts& facts) {
  std::vector<std::string> list;
  for (const monitor::Warning& warning : monitor::warnings_of(facts)) {
    CHECK_FALSE(warning.why.empty());
    CHECK_FALSE(warning.fix.empty());
    list.push_back(warning.what + " | " + warning.fix);
  }
  return list;
}

// That the change makes one warning, with these words, of a machine that had none.
template <class Change>
void expect_one(MachineFacts facts, const Change& change, const std::string& words) {
  REQUIRE(said(facts).empty());
  change(facts);
  const std::vector<std::string> list = said(facts);
  CAPTURE(words, list);
  REQUIRE(list.size() == 1);
  CHECK_THAT(list[0], Catch::Contains(words));
}

}  // namespace

TEST_CASE("a machine in order has nothing to mend, with a GPU and without") {
  CHECK(said(good_machine()).empty());
  CHECK(said(gpu_machine()).empty());
  CHECK_FALSE(monitor::has_unusable_gpu(good_machine()));
  CHECK_FALSE(monitor::has_unusable_gpu(gpu_machine()));
}

TEST_CASE("each thing that holds training up is named with what mends it") {
  using F = MachineFacts&;
  const MachineFacts cpu = good_machine(), gpu = gpu_machine();
  expect_one(
      cpu, [](F f) { f.system.cpu.held = 0.4; }, "40% of its periods");
  expect_one(
      cpu, [](F f) { f.system.cpu.avx2 = false; }, "no AVX2");
  expect_one(
      cpu, [](F f) { f.system.cpu.governor = "powersave"; }, "cpupower");
  expect_one(
      cpu, [](F f) { f.system.cpu.clock_source = "hpet"; }, "clocksource=tsc");
  expect_one(
      cpu, [](F f) { f.system.memory.free_bytes = kGib; }, "memory.limit_gib");
  expect_one(
      cpu, [](F f) { f.system.memory.limit_bytes = kGib; }, "1.0 GiB of memory are free");
  expect_one(
      cpu, [](F f) { f.system.memory.shared_bytes = 64 << 20; }, "--shm-size");
  expect_one(
      cpu, [](F f) { f.system.open_files = 1024; }, "ulimit -n 65536");
  expect_one(
      cpu, [](F f) { f.system.open_files = f.system.most_open_files = 1024; }, "limits.conf");
  expect_one(
      cpu, [](F f) { f.system.disk.free_bytes = kGib; }, "run.dir");
  expect_one(
      cpu, [](F f) { f.system.disk.read_mib_s = 20; }, "20 MiB/s");
  expect_one(
      cpu,
      [](F f) {
        f.system.cpu.amx_bf16 = true;
        f.isa_limit = "AVX2";
      },
      "unset ONEDNN_MAX_CPU_ISA");
  expect_one(
      cpu, [](F f) { f.system.cpu.energy = "/sys/x cannot be read, which takes root's rights"; },
      "chmod o+r");
  expect_one(
      gpu, [](F f) { f.gpus[0].reading.pcie_width = 4; }, "4 of 16 PCIe lanes");
  expect_one(
      gpu, [](F f) { f.gpus[0].reading.ecc_uncorrected = 2; }, "--gpu-reset");
  expect_one(
      gpu, [](F f) { f.gpus[0].reading.temperature_c = 88; }, "88 C");
  expect_one(
      gpu, [](F f) { f.gpus[0].persists = false; }, "nvidia-smi -pm 1");
  expect_one(
      gpu, [](F f) { f.gpus[0].info.capability = 7.5; }, "CMAKE_CUDA_ARCHITECTURES=75");
  expect_one(
      gpu,
      [](F f) {
        f.gpus[0].reading.processes = 1;
        f.gpus[0].reading.memory_used_bytes = 9 * kGib;
      },
      "in use by 1 other");
}

TEST_CASE("a GPU that cannot be used is told from one that is not wanted") {
  MachineFacts old = gpu_machine();
  old.cuda_devices = 0;
  CHECK(monitor::has_unusable_gpu(old));
  CHECK_THAT(said(old).at(0), Catch::Contains("LibTorch sees no GPU"));
  CHECK_THAT(said(old).at(0), Catch::Contains("newer driver"));
  old.visible_devices = "";  // on purpose
  CHECK_FALSE(monitor::has_unusable_gpu(old));
  CHECK_THAT(said(old).at(0), Catch::Contains("unset CUDA_VISIBLE_DEVICES"));

  MachineFacts silent = good_machine();
  silent.system.has_nvidia_device = true;
  silent.why_no_driver = "the NVIDIA driver does not answer: Driver/library version mismatch";
  CHECK(monitor::has_unusable_gpu(silent));
  CHECK_THAT(said(silent).at(0), Catch::Contains("reboot"));

  MachineFacts lost = gpu_machine();
  lost.gpus[0].reading.is_lost = true;
  CHECK(monitor::has_unusable_gpu(lost));
  CHECK_THAT(said(lost).at(0), Catch::Contains("is lost"));

  MachineFacts built_without = gpu_machine();
  built_without.built_cuda.clear();
  built_without.cuda_devices = 0;
  CHECK_FALSE(monitor::has_unusable_gpu(built_without));
  CHECK_THAT(said(built_without).at(0), Catch::Contains("STOKER_CUDA=ON"));
}

TEST_CASE("a system is read from its files") {
  const test::TemporaryFolder folder;
  const auto& root = folder.path();
  write(root / "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nflags\t\t: fpu avx2 avx512f avx512bw "
        "amx_bf16x\n");
  write(root / "proc/meminfo", "MemTotal:       2048 kB\nMemAvailable:   1024 kB\n");
  write(root / "etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian 12\"\n");
  write(root / "sys/fs/cgroup/memory.max", "1048576\n");
  write(root / "sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  std::filesystem::create_directories(root / "dev/shm");
  const monitor::SystemFacts facts =
      monitor::read_system_facts({.folder = root, .root = root, .disk_mib = 2});
  CHECK(facts.cpu.name == "Some CPU @ 3 GHz");
  CHECK(facts.cpu.avx2);
  CHECK(facts.cpu.avx512);
  CHECK_FALSE(facts.cpu.amx_bf16);  // amx_bf16x is another word
  CHECK(facts.cpu.clock_source == "tsc");
  CHECK(facts.memory.total_bytes == 2048 * 1024);
  CHECK(facts.memory.free_bytes == 1024 * 1024);
  CHECK(facts.memory.limit_bytes == 1048576);
  CHECK(facts.memory.shared_bytes);
  CHECK(facts.distribution == "Debian 12");
  CHECK_FALSE(facts.has_nvidia_device);
  CHECK(facts.open_files > 0);
  REQUIRE(facts.disk.write_mib_s);
  CHECK(*facts.disk.write_mib_s > 0);
  CHECK((facts.disk.read_mib_s.has_value() || !facts.disk.why_not.empty()));
  for (const auto& entry : std::filesystem::directory_iterator(root))
    CHECK_THAT(entry.path().filename().string(), !Catch::Contains("stoker-disk"));
}

TEST_CASE("a folder that cannot be written leaves its disk unmeasured, with the reason") {
  const monitor::DiskFacts facts = monitor::measure_disk("/proc/nowhere/at/all", 1);
  CHECK_FALSE(facts.write_mib_s);
  CHECK_THAT(facts.why_not, Catch::Contains("in /proc:"));
}

TEST_CASE("the bound of a device is that of what it is slower at") {
  const monitor::Work work{.flops_per_image = 24e9,
                           .bytes_per_image = 240e6,
                           .bytes_per_step = 256e6,
                           .fixed_bytes = kGib,
                           .kept_per_image = 50 << 20,
                           .batch_size = 256,
                           .smallest_microbatch = 2,
                           .images = 1e6};
  const monitor::Rates fast{.flops_per_s = 300e12, .bytes_per_s = 2e12, .memory_bytes = 40 * kGib};
  monitor::Estimate estimate = monitor::estimate_training(work, fast);
  CHECK(estimate.microbatch == 256);
  // 24e9 / 300e12 = 80 us; (240e6 + 1e6) / 2e12 = 120.5 us
  CHECK(estimate.images_per_s == Approx(1 / 120.5e-6));
  CHECK(estimate.is_bound_by_memory);
  estimate = monitor::estimate_training(
      work, {.flops_per_s = 20e12, .bytes_per_s = 2e12, .memory_bytes = 40 * kGib});
  CHECK(estimate.images_per_s == Approx(20e12 / 24e9));
  CHECK_FALSE(estimate.is_bound_by_memory);
}

TEST_CASE("micro-batches are parts of the batch that fit beside what is fixed") {
  const monitor::Work work{.flops_per_image = 1e9,
                           .bytes_per_image = 1e6,
                           .fixed_bytes = kGib,
                           .kept_per_image = kGib / 64,
                           .batch_size = 100,
                           .smallest_microbatch = 2};
  const auto microbatch = [&](int64_t memory) {
    return monitor::estimate_training(
               work, {.flops_per_s = 1e12, .bytes_per_s = 1e11, .memory_bytes = memory})
        .microbatch;
  };
  CHECK(microbatch(8 * kGib) == 100);
  CHECK(microbatch(2 * kGib) == 50);         // 0.9 * 2 - 1 = 0.8 GiB: 51 images
  CHECK(microbatch(kGib * 117 / 100) == 2);  // 0.053 GiB: 3 images
  CHECK(microbatch(kGib) == 0);
}

TEST_CASE("a card is asked only for arithmetic that it has") {
  const monitor::GpuSpec* t4 = monitor::find_gpu("Tesla T4");
  REQUIRE(t4 != nullptr);
  CHECK_FALSE(monitor::rates_of(*t4, monitor::Arithmetic::kBf16));
  CHECK(monitor::rates_of(*t4, monitor::Arithmetic::kFp16)->flops_per_s == Approx(65e12));
}
