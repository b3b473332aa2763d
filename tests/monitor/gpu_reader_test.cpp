#include "stoker/monitor/gpu_reader.h"

#include "monitor/played_card.h"
#include "stoker/monitor/clock_reasons.h"
#include "support/catch.h"

using namespace stoker;
using monitor::GpuReading;
using test::PlayedCard;

namespace {

constexpr double kGib = 1024.0 * 1024 * 1024;

GpuReading second_reading(PlayedCard& card, double at_s = 1) {
  card.reader().read(0);
  card.at(at_s);
  return card.reader().read(0);
}

}  // namespace

TEST_CASE("an H200 gives all that Hopper counts, in units") {
  PlayedCard card("h200");
  const monitor::GpuInfo& info = card.reader().info();
  CHECK(info.name == "NVIDIA H200");
  CHECK(info.uuid == "GPU-00112233-4455-6677-8899-aabbccddeeff");
  CHECK(info.driver == "555.42.02");
  CHECK(info.capability == Approx(9.0));
  CHECK(info.power_limit_w == Approx(700));
  CHECK(info.slowdown_c == Approx(93));
  CHECK(info.max_sm_mhz == Approx(1980));
  CHECK(info.fans == 0);
  CHECK(info.has_gpm);
  CHECK(info.share == 1);
  CHECK_FALSE(card.reader().read(0).sm_busy);  // of an interval, which the first reading begins

  card.at(1);
  const GpuReading reading = card.reader().read(0);
  CHECK_FALSE(reading.is_lost);
  CHECK(reading.any_kernel == Approx(0.97));
  CHECK(reading.memory_busy == Approx(0.60));
  CHECK(reading.sm_busy == Approx(0.835));
  CHECK(reading.occupancy == Approx(0.41));
  CHECK(reading.tensor == Approx(0.3725));
  CHECK(reading.dram == Approx(0.555));
  CHECK(double(*reading.memory_used_bytes) == Approx(90 * kGib));
  CHECK(double(*reading.memory_total_bytes) == Approx(141 * kGib));
  CHECK(reading.power_w == Approx(412));
  CHECK_FALSE(reading.power_is_of_module);
  CHECK(reading.power_limit_w == Approx(700));
  CHECK(reading.energy_j == Approx(5e6 + 412));
  CHECK(reading.temperature_c == Approx(64));
  CHECK(reading.sm_mhz == Approx(1980));
  CHECK(reading.memory_mhz == Approx(3201));
  CHECK(reading.pcie_generation == 5);
  CHECK(reading.pcie_width == 16);
  CHECK(double(*reading.pcie_sent_bytes) == Approx(kGib));
  CHECK(reading.pcie_sent_mib_s == Approx(512));
  CHECK(reading.pcie_received_mib_s == Approx(18 * 1024));
  CHECK(double(*reading.nvlink_sent_bytes) == Approx(8 * kGib));
  CHECK(double(*reading.nvlink_received_bytes) == Approx(4 * kGib));
  CHECK(reading.ecc_corrected == 3);
  CHECK(reading.ecc_uncorrected == 0);
  CHECK(reading.processes == 1);
  CHECK(reading.memory_others_bytes == 0);
  CHECK(reading.xid_errors == 0);
}

TEST_CASE("a MIG slice has no utilisation, and a share of its card's power") {
  PlayedCard card("a100_mig");
  const GpuReading reading = second_reading(card);
  CHECK(card.reader().info().is_mig);
  CHECK(card.reader().info().share == Approx(14.0 / 108));
  CHECK_FALSE(reading.any_kernel);
  CHECK_FALSE(reading.sm_busy);
  CHECK(reading.power_w == Approx(216));  // the whole card's
  CHECK(double(*reading.memory_total_bytes) == Approx(5 * kGib));
}

TEST_CASE("a MIG slice of Hopper has the figures of its parts") {
  PlayedCard card("h100_mig");
  const GpuReading reading = second_reading(card);
  CHECK(card.reader().info().has_gpm);
  CHECK(card.reader().info().share == Approx(14.0 / 132));
  CHECK_FALSE(reading.any_kernel);
  CHECK(reading.sm_busy == Approx(0.835));
  CHECK(reading.dram == Approx(0.555));
}

TEST_CASE("where a card begins to slow down is its threshold, or lies beyond its margin") {
  PlayedCard hopper("h200");
  CHECK(hopper.reader().info().slowdown_c == Approx(93));
  PlayedCard ampere("throttling");
  CHECK(ampere.reader().info().slowdown_c == Approx(93));
}

TEST_CASE("a GeForce has no ECC and no energy counter, and is asked for them once") {
  PlayedCard card("geforce");
  const GpuReading reading = second_reading(card);
  CHECK_FALSE(reading.ecc_corrected);
  CHECK_FALSE(reading.energy_j);
  CHECK_FALSE(reading.sm_busy);
  CHECK(reading.any_kernel == Approx(0.97));
  CHECK(reading.power_w == Approx(320));
  const long before = card.calls();
  card.reader().read(0);
  const long of_one = card.calls() - before;
  card.reader().read(0);
  CHECK(card.calls() - before == 2 * of_one);
  CHECK(of_one == 8);  // use, memory, power, heat, two clocks, reasons, fields
}

TEST_CASE("a card that is held back says by what and for how long") {
  PlayedCard card("throttling");
  const GpuReading reading = second_reading(card, 8);
  CHECK(reading.held_by_power_s == Approx(2));
  CHECK(reading.held_by_heat_s == Approx(4));
  CHECK(reading.held_by_brake_s == Approx(0));
  CHECK(monitor::clock_reasons(*reading.reasons) ==
        std::vector<std::string>{"its power limit", "heat"});
  CHECK(monitor::clock_reasons(0x1).empty());  // idle is no reason
  CHECK(monitor::clock_reasons(0x40 | 0x8) == std::vector<std::string>{"heat, by hardware"});
  CHECK(monitor::clock_reasons(0x8) == std::vector<std::string>{"a slow-down by hardware"});
}

TEST_CASE("a card that falls off the bus is lost, not an error, and is not asked again") {
  PlayedCard card("vanishing");
  GpuReading reading = second_reading(card, 9);
  CHECK_FALSE(reading.is_lost);
  CHECK(reading.xid_errors == 1);
  CHECK(reading.last_xid == 79);
  card.at(10);
  reading = card.reader().read(0);
  CHECK(reading.is_lost);
  CHECK_FALSE(reading.power_w);
  CHECK(reading.last_xid == 79);
  const long calls = card.calls();
  CHECK(card.reader().read(0).is_lost);
  CHECK(card.calls() == calls);
}

TEST_CASE("a driver that returns errors leaves nothing there, and is tried again") {
  PlayedCard card("broken");
  const GpuReading reading = second_reading(card);
  CHECK_FALSE(reading.is_lost);
  CHECK_FALSE(reading.power_w);
  CHECK_FALSE(reading.memory_used_bytes);
  const long calls = card.calls();
  card.reader().read(0);
  CHECK(card.calls() > calls);
}

TEST_CASE("power of a module is named so where the GPU has none of its own") {
  PlayedCard card("gh200");
  const GpuReading reading = second_reading(card);
  CHECK(reading.power_w == Approx(412));
  CHECK(reading.power_is_of_module);
}

TEST_CASE("other processes are told from this one by memory, where numbers are of another space") {
  PlayedCard card("two_processes");
  const GpuReading nearer_second = card.reader().read(int64_t(29 * kGib));
  CHECK(nearer_second.processes == 2);
  CHECK(double(*nearer_second.memory_others_bytes) == Approx(12 * kGib));
  PlayedCard unknown("two_processes");
  CHECK_FALSE(unknown.reader().read(0).memory_others_bytes);  // either may be this one
}

TEST_CASE("a driver of before 2020 lacks functions, and gives the rest") {
  PlayedCard card("throttling_old", STOKER_FAKE_NVML_R450);
  const GpuReading reading = second_reading(card);
  CHECK(reading.power_w == Approx(412));
  CHECK(reading.any_kernel == Approx(0.97));
  CHECK_FALSE(reading.processes);
  CHECK_FALSE(reading.held_by_heat_s);
  CHECK(monitor::clock_reasons(*reading.reasons) == std::vector<std::string>{"heat, by hardware"});
}

TEST_CASE("a library that is not there or no NVML says so") {
  const monitor::NvmlOpening none = monitor::open_nvml("/nowhere/libnvidia-ml.so.1");
  CHECK(none.nvml == nullptr);
  CHECK_THAT(none.why_not, Catch::Contains("/nowhere/libnvidia-ml.so.1"));
  const monitor::NvmlOpening other = monitor::open_nvml("libm.so.6");
  CHECK(other.nvml == nullptr);
  CHECK_THAT(other.why_not, Catch::Contains("nvmlInit_v2"));
}

TEST_CASE("a device is found by CUDA's digits and by its UUID, and no other") {
  PlayedCard card("h200");
  const monitor::Nvml& nvml = *card.opening().nvml;
  CHECK(nvml.find(test::kFakeUuid) != nullptr);
  CHECK(nvml.find("GPU-00112233-4455-6677-8899-aabbccddeeff") != nullptr);
  CHECK(nvml.find("") == nullptr);
  CHECK(nvml.find("00112233445566778899aabbccddeefe") == nullptr);
  CHECK(nvml.devices().size() == 1);
  CHECK(nvml.cuda_version() == "12.5");
}
