#include "stoker/callbacks/machine_columns.h"

#include <nlohmann/json.hpp>
#include <string>

#include "support/catch.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

// What the console shows of the machine.
std::string console_of(const train::State& state) {
  std::string text;
  for (const callbacks::Column& column : callbacks::machine_columns()) {
    if (column.console == nullptr) continue;
    const double value =
        std::visit([](auto v) { return static_cast<double>(v); }, column.value(state));
    if (!std::isfinite(value)) continue;
    const std::string figure = column.console(value, state);
    if (!figure.empty()) text += (text.empty() ? "" : "  ") + figure;
  }
  return text;
}

}  // namespace

TEST_CASE("the console shows a GPU's use, power and temperature") {
  ToyRun run;
  monitor::Window& window = run.state().machine.window;
  window.gpu_util = 0.97;
  window.gpu_sm_busy = 0.83;
  window.gpu_power_w = 411.6;
  window.gpu_power_limit_w = 700;
  window.gpu_temp_c = 64.2;
  window.cpu_used = 3.1;
  CHECK(console_of(run.state()) == "gpu 97%  412/700 W  64 C");
  window.gpu_held_heat = 0.5;
  window.gpu_power_limit_w.reset();
  CHECK(console_of(run.state()) == "gpu 97%  412 W  64 C slowed by heat 50%");
}

TEST_CASE("the console shows what a slice has, and a processor where there is no GPU") {
  ToyRun run;
  monitor::Window& window = run.state().machine.window;
  window.gpu_sm_busy = 0.83;
  window.cpu_used = 1.94;
  CHECK(console_of(run.state()) == "sm 83%");
  window.gpu_sm_busy.reset();
  run.state().machine.usable_cpus = 2;
  CHECK(console_of(run.state()) == "cpu 1.9/2");
}

TEST_CASE("a log line has what was measured and lacks the rest") {
  ToyRun run;
  run.state().machine.window.rss_gib = 0.5;
  run.state().machine.joules = 12;
  const auto record = callbacks::train_record(run.state());
  CHECK(record["rss_gib"] == 0.5);
  CHECK(record["joules"] == 12);
  CHECK(record["wall_s"] == 0);
  for (const char* absent : {"gpu_util", "gpu_power_w", "mfu", "energy_kwh", "exchange_wait_s"})
    CHECK_FALSE(record.contains(absent));
  const auto rest = callbacks::without_clocks(record);
  for (const callbacks::Column& column : callbacks::machine_columns())
    CHECK_FALSE(rest.contains(column.name));
}
