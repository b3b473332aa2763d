#include "stoker/monitor/energy.h"

#include <cmath>

#include "monitor/played_card.h"
#include "stoker/monitor/rapl.h"
#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using monitor::EnergyMeter;
using monitor::EnergyReport;
using monitor::EnergyTotals;
using test::PlayedCard;

namespace {

// Reads the card four times a second, from one time of its clock to another.
void read_over(PlayedCard& card, EnergyMeter& meter, double from_s, double to_s) {
  for (double at = from_s; at <= to_s + 1e-9; at += 0.25) {
    card.at(at);
    meter.add(at, card.reader().read(0), {});
  }
}

EnergyTotals energy_of(const char* id, double seconds) {
  PlayedCard card(id);
  EnergyMeter meter({.share = card.reader().info().share, .has_gpu = true, .counts_cpu = false});
  read_over(card, meter, 0, seconds);
  return meter.take();
}

}  // namespace

TEST_CASE("300 W for 600 s are 180 kJ by the counter and by the integral") {
  const EnergyTotals totals = energy_of("constant", 600);
  CHECK(totals.gpu_counter_j == Approx(180'000).epsilon(0.01));
  CHECK(totals.gpu_integral_j == Approx(180'000).epsilon(0.01));
  const EnergyReport report =
      monitor::report_energy(totals, {.price_per_kwh = 0.30, .gco2_per_kwh = 380});
  CHECK(report.joules == Approx(180'000).epsilon(0.01));
  CHECK(report.kwh == Approx(0.05).epsilon(0.01));    // 180 kJ / 3.6 MJ
  CHECK(report.cost == Approx(0.015).epsilon(0.01));  // 0.05 * 0.30
  CHECK(report.gco2 == Approx(19).epsilon(0.01));     // 0.05 * 380
  CHECK(std::abs(*report.disagreement) < 0.01);
  CHECK(report.method == "GPU: counter; CPU: not measured");
}

TEST_CASE("a run that stops in the middle and goes on has the energy of both parts") {
  PlayedCard card("constant");
  EnergyTotals totals;
  for (const auto& [from, to] : {std::pair(0.0, 250.0), std::pair(1000.0, 1350.0)}) {
    EnergyMeter meter({.has_gpu = true, .counts_cpu = false});
    read_over(card, meter, from, to);
    totals.add(meter.take());
  }
  CHECK(totals.gpu_counter_j == Approx(180'000).epsilon(0.01));
  CHECK(totals.gpu_integral_j == Approx(180'000).epsilon(0.01));
  CHECK(totals.gpu_s == Approx(600));
}

TEST_CASE("what is taken twice is counted once") {
  PlayedCard card("constant");
  EnergyMeter meter({.has_gpu = true, .counts_cpu = false});
  read_over(card, meter, 0, 100);
  EnergyTotals totals = meter.take();
  CHECK(std::isnan(meter.take().gpu_counter_j));
  read_over(card, meter, 100.25, 200);
  totals.add(meter.take());
  CHECK(totals.gpu_integral_j == Approx(60'000).epsilon(0.001));
  CHECK(totals.gpu_counter_j == Approx(60'000).epsilon(0.001));
}

TEST_CASE("a counter that begins anew adds nothing for that interval") {
  const EnergyTotals totals = energy_of("reset", 600);
  CHECK(totals.gpu_counter_j == Approx(180'000).epsilon(0.01));
  CHECK(totals.gpu_integral_j == Approx(180'000).epsilon(0.01));
}

TEST_CASE("without a counter the integral counts, and is named") {
  const EnergyReport report = monitor::report_energy(energy_of("geforce", 100), {});
  CHECK(report.gpu_j == Approx(32'000).epsilon(0.01));
  CHECK_FALSE(report.disagreement);
  CHECK(report.method == "GPU: integral of its power; CPU: not measured");
}

TEST_CASE("a slice has its share of the card's energy, marked as an estimate") {
  const EnergyReport report = monitor::report_energy(energy_of("a100_mig", 100), {});
  CHECK(report.gpu_j == Approx(21'600 * 14.0 / 108).epsilon(0.01));
  CHECK_THAT(report.method, Catch::Contains("estimated"));
}

TEST_CASE("a card that is lost is measured for a part of the time, which is said") {
  const EnergyReport report = monitor::report_energy(energy_of("vanishing", 40), {});
  CHECK(report.gpu_j == Approx(412 * 10).epsilon(0.03));
  CHECK_THAT(report.method, Catch::Contains("for 24% of the time"));
}

TEST_CASE("a driver that returns errors leaves energy unmeasured") {
  const EnergyReport report = monitor::report_energy(energy_of("broken", 10), {.price_per_kwh = 1});
  CHECK_FALSE(report.joules);
  CHECK_FALSE(report.cost);
  CHECK(report.method == "GPU: not measured; CPU: not measured");
  CHECK(monitor::energy_text(report) == "not measured");
}

TEST_CASE("a counter that stands still while power flows is not believed") {
  const EnergyTotals totals = energy_of("counter_still", 100);
  CHECK(totals.gpu_counter_j == 0);
  const EnergyReport report = monitor::report_energy(totals, {});
  CHECK(report.gpu_j == Approx(30'000).epsilon(0.01));
  CHECK(report.method == "GPU: integral of its power; CPU: not measured");
}

TEST_CASE("a counter that cannot be read for a while says afterwards what the while took") {
  PlayedCard card("counter_gap");
  EnergyMeter meter({.has_gpu = true, .counts_cpu = false});
  read_over(card, meter, 0, 130);
  EnergyTotals totals = meter.take();  // in the middle of the gap
  CHECK(monitor::report_energy(totals, {}).gpu_j == Approx(39'000).epsilon(0.01));
  CHECK(totals.gpu_by_integral_s == Approx(30).margin(0.6));
  read_over(card, meter, 130.25, 200);
  totals.add(meter.take());
  const EnergyReport report = monitor::report_energy(totals, {});
  CHECK(report.gpu_j == Approx(60'000).epsilon(0.01));
  CHECK(report.gpu_counter_j == Approx(60'000).epsilon(0.01));
  CHECK(totals.gpu_by_integral_s == Approx(0).margin(0.6));
  CHECK(totals.gpu_measured_s == Approx(200));
  CHECK(report.method == "GPU: counter; CPU: not measured");
}

TEST_CASE("GPUs with a counter and GPUs without are added, and both methods named") {
  EnergyTotals totals = energy_of("constant", 100);
  totals.add(energy_of("geforce", 50));
  const EnergyReport report = monitor::report_energy(totals, {});
  CHECK(report.gpu_j == Approx(30'000 + 16'000).epsilon(0.01));
  CHECK(report.gpu_counter_j == Approx(30'000).epsilon(0.01));
  CHECK(report.method == "GPU: counter, integral of its power for 33% of it; CPU: not measured");
}

TEST_CASE("power of a module is said to be with its processor") {
  EnergyMeter meter({.has_gpu = true, .counts_cpu = false});
  for (int second = 0; second <= 10; ++second)
    meter.add(second, monitor::GpuReading{.power_w = 500, .power_is_of_module = true}, {});
  const EnergyReport report = monitor::report_energy(meter.take(), {});
  CHECK(report.gpu_j == Approx(5000));
  CHECK_THAT(report.method, Catch::Contains("of the module with its processor"));
}

TEST_CASE("each process of a machine is modelled, one alone reads its counters") {
  EnergyMeter first({.cpu_tdp_w = 200, .machine_cpus = 16});
  EnergyMeter second({.counts_cpu = false, .cpu_tdp_w = 200, .machine_cpus = 16});
  for (int at = 0; at <= 10; ++at) {
    first.add(at, std::nullopt, {.process_s = 4.0 * at});
    second.add(at, std::nullopt, {.process_s = 2.0 * at, .energy_j = 100.0 * at});
  }
  EnergyTotals totals = first.take();
  totals.add(second.take());
  CHECK(totals.cpu_s == Approx(10));
  CHECK(std::isnan(totals.cpu_counter_j));
  CHECK(monitor::report_energy(totals, {}).cpu_j == Approx(200.0 * 60 / 16));
}

TEST_CASE("processors are modelled only where the user gives their watts") {
  EnergyMeter meter({.cpu_tdp_w = 200, .machine_cpus = 16});
  EnergyMeter without({.machine_cpus = 16});
  for (int second = 0; second <= 10; ++second) {
    meter.add(second, std::nullopt, {.process_s = 4.0 * second});
    without.add(second, std::nullopt, {.process_s = 4.0 * second});
  }
  const EnergyReport report = monitor::report_energy(meter.take(), {});
  CHECK(report.cpu_j == Approx(200.0 * 40 / 16));
  CHECK(report.method == "CPU: modelled from monitor.cpu_tdp_w");
  CHECK_FALSE(monitor::report_energy(without.take(), {}).joules);
}

namespace {

struct RaplTree {
  test::TemporaryFolder folder;
  void domain(const std::string& name, const std::string& what, int64_t uj) const {
    const auto path = folder.path() / "sys/class/powercap" / name;
    test::write(path / "name", what + "\n");
    test::write(path / "energy_uj", std::to_string(uj) + "\n");
    test::write(path / "max_energy_range_uj", "1000000\n");
  }
};

}  // namespace

TEST_CASE("of RAPL's nested domains the packages alone count, over their wrap") {
  const RaplTree tree;
  tree.domain("intel-rapl:0", "package-0", 900'000);
  tree.domain("intel-rapl:0:0", "core", 100'000);
  tree.domain("intel-rapl:1", "package-1", 0);
  tree.domain("intel-rapl:2", "psys", 500'000);
  tree.domain("intel-rapl-mmio:0", "package-0", 900'000);
  monitor::RaplMeter meter(tree.folder.path());
  CHECK(meter.packages() == 2);
  CHECK(meter.why_not().empty());
  CHECK(meter.read() == Approx(0));
  tree.domain("intel-rapl:0", "package-0", 200'000);  // wrapped: 0.3 J
  tree.domain("intel-rapl:0:0", "core", 900'000);
  tree.domain("intel-rapl:1", "package-1", 400'000);  // 0.4 J
  tree.domain("intel-rapl:2", "psys", 999'000);
  CHECK(meter.read() == Approx(0.7));
  CHECK(meter.read() == Approx(0.7));
}

TEST_CASE("counters that are not there or not readable are not measured, and say why") {
  const RaplTree none;
  monitor::RaplMeter absent(none.folder.path());
  CHECK_FALSE(absent.read());
  CHECK_THAT(absent.why_not(), Catch::Contains("no energy counters"));

  const RaplTree tree;
  tree.domain("intel-rapl:0", "package-0", 1);
  std::filesystem::remove(tree.folder.path() / "sys/class/powercap/intel-rapl:0/energy_uj");
  monitor::RaplMeter unreadable(tree.folder.path());
  CHECK_FALSE(unreadable.read());
  CHECK_THAT(unreadable.why_not(), Catch::Contains("energy_uj") && Catch::Contains("root"));
}
