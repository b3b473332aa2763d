// What doctor says of scripted machines: system trees and cards of the stand-in driver.
#include "stoker/monitor/machine_report.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "monitor/played_card.h"
#include "stoker/core/json_text.h"
#include "stoker/monitor/machine.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using Catch::Contains;
using monitor::MachineFacts;
using test::PlayedCard;
using test::write;

namespace {

// A machine with AMX, in a container with limits of its own.
struct System {
  System() {
    const auto& root = folder.path();
    write(root / "proc/cpuinfo",
          "model name\t: Xeon\x1b[2J 6\nflags\t: avx2 avx512f avx512bw avx512_bf16 amx_bf16 "
          "amx_int8\n");
    write(root / "proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: 62914560 kB\n");
    write(root / "proc/self/cgroup", "0::/box\n");
    write(root / "sys/fs/cgroup/box/memory.max", "17179869184\n");
    write(root / "sys/fs/cgroup/box/memory.current", "6442450944\n");
    write(root / "sys/fs/cgroup/box/memory.stat", "anon 1\ninactive_file 2147483648\n");
    write(root / "sys/fs/cgroup/box/cpu.max", "150000 100000\n");
    write(root / "sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    write(root / "etc/os-release", "PRETTY_NAME=\"Debian 12\"\n");
    std::filesystem::create_directories(root / "dev/shm");
  }
  MachineFacts read(const std::string& library = "/nowhere/libnvidia-ml.so") const {
    MachineFacts facts = monitor::read_machine({.folder = folder.path() / "runs/not/yet",
                                                .root = folder.path(),
                                                .disk_mib = 1,
                                                .nvml_library = library});
    // As they are, whatever was built and is set where the tests run.
    facts.built_cuda = "12.8";
    facts.kernels = monitor::kernels_of("80-real;90");
    facts.visible_devices.reset();
    return facts;
  }
  test::TemporaryFolder folder;
};

}  // namespace

TEST_CASE("a machine without a GPU says so kindly, and what its processors are good for") {
  const System system;
  const MachineFacts facts = system.read();
  CHECK_FALSE(monitor::may_have_gpu(facts));
  CHECK_FALSE(monitor::is_training_barred(facts));
  const std::string text = monitor::machine_text(facts);
  CHECK_THAT(text, Contains("No NVIDIA GPU is here. Training works on the CPU"));
  CHECK_THAT(text, Contains("Xeon\\x1b[2J 6"));
  CHECK_THAT(text, Contains("quota of 1.5"));
  CHECK_THAT(text, Contains("AMX for bf16, AMX for int8: training takes bf16"));
  CHECK_THAT(text, Contains("64.0 GiB, 12.0 GiB can be had; the container's limit is 16.0 GiB"));
  CHECK_THAT(text, Contains("clock source tsc"));
  CHECK_THAT(text, Contains("MiB/s, synced"));
  CHECK_THAT(text, !Contains("driver"));
}

TEST_CASE("the machine as JSON has each section, and null for what is not known") {
  const System system;
  const auto json = parse_json(monitor::machine_json(system.read()));
  for (const char* section : {"gpus", "cpu", "memory", "disk", "libraries", "warnings"})
    CHECK(json.contains(section));
  CHECK(json["gpus"].empty());
  CHECK(json["can_train"] == true);
  CHECK(json["cpu"]["amx_bf16"] == true);
  CHECK(json["cpu"]["quota"] == 1.5);
  CHECK(json["memory"]["usable_bytes"] == int64_t{12} << 30);
  CHECK(json["disk"]["write_mib_s"].get<double>() > 0);
  CHECK(json["libraries"].contains("stoker"));
  CHECK_THAT(json["driver"]["why_not"].get<std::string>(), Contains("/nowhere/libnvidia-ml.so"));
}

TEST_CASE("an H200 is told with its arithmetic, rates, power, links and ECC") {
  const PlayedCard card("h200");
  MachineFacts facts = System().read(STOKER_FAKE_NVML);
  facts.cuda_devices = 1;
  REQUIRE(facts.gpus.size() == 1);
  CHECK_FALSE(monitor::is_training_barred(facts));
  const std::string text = monitor::machine_text(facts);
  CHECK_THAT(text, Contains("gpu 0      NVIDIA H200; compute capability 9.0; 141 GiB of memory, "
                            "90.0 GiB of it in use"));
  CHECK_THAT(text, Contains("tensor cores for fp16, int8, bf16, tf32, fp8; train.precision: auto "
                            "takes bf16; CUDA graphs"));
  CHECK_THAT(text, Contains("our kernels are built for it"));
  CHECK_THAT(text, Contains("at most 1979 in fp8, 989 in bf16, 494.5 in tf32, 67 in fp32 TFLOPS"));
  CHECK_THAT(text, Contains("412 of 700 W; 64 C, slows down at 93 C; no fans"));
  CHECK_THAT(text, Contains("PCIe generation 5 of 5, 16 of 16 lanes; 18 NVLinks up"));
  CHECK_THAT(text, Contains("0 errors that it could not correct"));
  CHECK_THAT(text, Contains("driver     555.42.02, for CUDA up to 12.5; LibTorch was built with "
                            "CUDA 12.8 and sees 1 GPU"));
  const auto gpu = parse_json(monitor::machine_json(facts))["gpus"][0];
  CHECK(gpu["compute_capability"] == 9.0);
  CHECK(gpu["kernels"] == "code");
  CHECK(gpu["cuda_graphs"] == true);
  CHECK(gpu["peaks"]["bf16_tflops"] == 989);
  CHECK(gpu["nvlinks"] == 18);
  CHECK(gpu["processes"] == 1);
}

TEST_CASE("how GPUs reach each other is told of each two, and which of them NVLink joins") {
  {
    const PlayedCard card("joined_pair");
    const MachineFacts facts = System().read(STOKER_FAKE_NVML);
    REQUIRE(facts.gpus.size() == 2);
    CHECK_THAT(monitor::machine_text(facts),
               Contains("paths      0 and 1: NVLink, else PCIe behind one PCIe switch\n"));
    const auto paths = parse_json(monitor::machine_json(facts))["paths"];
    REQUIRE(paths.size() == 1);
    CHECK(paths[0]["gpus"] == nlohmann::json::array({0, 1}));
    CHECK(paths[0]["pcie"] == "behind one PCIe switch");
    CHECK(paths[0]["nvlink"] == true);
  }
  const PlayedCard card("three");
  const MachineFacts facts = System().read(STOKER_FAKE_NVML);
  CHECK_THAT(monitor::machine_text(facts),
             Contains("paths      0 and 1: PCIe behind one PCIe switch\n"
                      "           0 and 2: PCIe from one NUMA node to another\n"
                      "           1 and 2: PCIe from one NUMA node to another\n"));
  const auto paths = parse_json(monitor::machine_json(facts))["paths"];
  CHECK(paths.size() == 3);
  CHECK(paths[2]["gpus"] == nlohmann::json::array({1, 2}));
  CHECK(paths[2]["nvlink"] == false);
}

TEST_CASE("what the driver does not tell of a path is null, and of one card there is none") {
  MachineFacts facts;
  facts.paths = {{.first = 0, .second = 1, .by_nvlink = true}};
  CHECK(parse_json(monitor::machine_json(facts))["paths"][0]["pcie"].is_null());
  CHECK_THAT(monitor::machine_text(facts), Contains("paths      0 and 1: NVLink\n"));
  facts.paths[0] = {.first = 0, .second = 1, .words = "on one board"};
  CHECK(parse_json(monitor::machine_json(facts))["paths"][0]["nvlink"].is_null());
  const PlayedCard card("h200");
  CHECK(parse_json(monitor::machine_json(System().read(STOKER_FAKE_NVML)))["paths"].empty());
}

TEST_CASE("a throttled card says what holds it down, an unknown one has no peak") {
  const PlayedCard card("throttling");
  MachineFacts facts = System().read(STOKER_FAKE_NVML);
  CHECK_THAT(monitor::machine_text(facts),
             Contains("900 of 1980 MHz; held down by") && Contains("heat"));
  facts.gpus[0].info.name = "NVIDIA A10G";
  CHECK_THAT(monitor::machine_text(facts), Contains("unknown peak rates"));
}

TEST_CASE("what bars a GPU is told before all else, and ends with an error") {
  const PlayedCard card("h200");
  MachineFacts facts = System().read(STOKER_FAKE_NVML);  // LibTorch sees none
  CHECK(monitor::is_training_barred(facts));
  CHECK_THAT(monitor::machine_text(facts),
             Contains("a GPU that stoker cannot use now") && Contains("- LibTorch sees no GPU"));
  CHECK(parse_json(monitor::machine_json(facts))["can_train"] == false);

  facts.cuda_devices = 1;
  facts.gpus[0].info.capability = 7.0;
  facts.built_cuda = "13.0";
  CHECK_THAT(monitor::machine_text(facts), Contains("CUDA 13.0 has no kernels for NVIDIA H200"));
}

TEST_CASE("a driver that does not answer is left to itself") {
  const PlayedCard card("hanging");
  const MachineFacts facts =
      monitor::read_machine({.disk_mib = 0, .nvml_library = STOKER_FAKE_NVML, .patience_s = 0.1});
  CHECK(facts.gpus.empty());
  CHECK_THAT(facts.why_no_driver, Contains("has not answered for 0.1 s"));
  MachineFacts with_device = facts;
  with_device.system.has_nvidia_device = true;
  CHECK_FALSE(monitor::may_have_gpu(with_device));  // nobody waits for it again
  with_device.is_driver_silent = false;
  CHECK(monitor::may_have_gpu(with_device));
  // It sleeps five seconds, in the library that the card keeps open.
  std::this_thread::sleep_for(std::chrono::seconds(6));
}

TEST_CASE("a disk that takes no file bars training") {
  MachineFacts facts = System().read();
  facts.system.disk = monitor::measure_disk("/proc/runs", 1);
  CHECK(monitor::is_training_barred(facts));
  CHECK_THAT(monitor::machine_text(facts), Contains("nothing can be written where runs would go"));
}
