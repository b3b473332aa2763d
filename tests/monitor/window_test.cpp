#include "stoker/monitor/window.h"

#include <array>
#include <set>

#include "monitor/played_card.h"
#include "support/catch.h"

using namespace stoker;
using monitor::CpuReading;
using monitor::GpuReading;
using monitor::Window;
using monitor::WindowMaker;
using test::PlayedCard;

namespace {

Window window_of(PlayedCard& card, double seconds) {
  WindowMaker maker;
  for (double at = 0; at <= seconds; at += 0.25) {
    card.at(at);
    maker.add(at, card.reader().read(0), {.process_s = 1.5 * at, .system_s = 2.0 * at});
  }
  return maker.take();
}

}  // namespace

TEST_CASE("an interval has means of what readings say, and what counters grew by") {
  PlayedCard card("h200");
  const Window window = window_of(card, 10);
  CHECK(window.samples == 41);
  CHECK(window.gpu_util == Approx(0.97));
  CHECK(window.gpu_sm_busy == Approx(0.835));
  CHECK(window.gpu_tensor == Approx(0.3725));
  CHECK(window.gpu_memory_gib == Approx(90));
  CHECK(window.gpu_power_w == Approx(412));
  CHECK(window.gpu_power_limit_w == Approx(700));
  CHECK(window.gpu_pcie_gib_s ==
        Approx(18.5).epsilon(0.02));  // its first reading has the counter alone
  CHECK(window.gpu_pcie_busy == Approx(18 / (0.931 * 16 * 3.938)).epsilon(0.03));
  CHECK(window.gpu_nvlink_gib_s == Approx(12));
  CHECK(window.gpu_memory_busy == Approx(0.6));
  CHECK(window.cpu_used == Approx(1.5));
  CHECK(window.cpu_others == Approx(0.5));
  CHECK(window.gpu_held_heat == Approx(0));
  CHECK(window.gpu_xid_errors == Approx(0));
}

TEST_CASE("the time that clocks were held down comes from counters, or else from samples") {
  PlayedCard card("throttling");
  const Window window = window_of(card, 4);
  CHECK(window.gpu_held_power == Approx(0.25));
  CHECK(window.gpu_held_heat == Approx(0.5));
  CHECK(window.gpu_held_brake == Approx(0));
  PlayedCard old("throttling_old");
  const Window sampled = window_of(old, 4);
  CHECK(sampled.gpu_held_heat == Approx(1));
  CHECK(sampled.gpu_held_power == Approx(0));
}

TEST_CASE("counters of PCIe's bytes wrap at 32 bits, and are added up from reading to reading") {
  PlayedCard card("geforce");  // 1 GiB a second each way, without the card's own rates
  const Window window = window_of(card, 30);
  CHECK(window.gpu_pcie_gib_s == Approx(2));
  CHECK(window.gpu_pcie_busy == Approx(1 / (0.931 * 16 * 3.938)).epsilon(0.001));
  CHECK(window.gpu_held_other == Approx(0));
}

TEST_CASE("a slow-down by hardware or the board is told from heat and power") {
  WindowMaker maker;
  const std::array<uint64_t, 4> reasons{0x8, 0x200 | 0x4, 0x8 | 0x40, 0x400};
  for (size_t i = 0; i < reasons.size(); ++i)
    maker.add(double(i), GpuReading{.power_w = 1, .reasons = reasons[i]}, {});
  const Window window = maker.take();
  CHECK(window.gpu_held_other == Approx(0.75));
  CHECK(window.gpu_held_heat == Approx(0.25));
  CHECK(window.gpu_held_power == Approx(0.25));
}

TEST_CASE("an interval goes on where the last ended") {
  WindowMaker maker;
  maker.add(0, std::nullopt, {.process_s = 10});
  maker.add(1, std::nullopt, {.process_s = 12});
  CHECK(maker.take().cpu_used == Approx(2));
  maker.add(2, std::nullopt, {.process_s = 15});
  CHECK(maker.take().cpu_used == Approx(3));
  // No reading since: what the newest says stands, and nothing grew.
  maker.add(3, GpuReading{.power_w = 100}, {.process_s = 16});
  maker.take();
  const Window none = maker.take();
  CHECK(none.samples == 0);
  CHECK(none.gpu_power_w == Approx(100));
  CHECK_FALSE(none.cpu_used);
}

TEST_CASE("before the first reading there is nothing, and counters that go back add nothing") {
  WindowMaker maker;
  const Window none = maker.take();
  for (const monitor::Figure& figure : monitor::figures()) {
    CAPTURE(std::string(figure.name));
    CHECK_FALSE(none.*figure.value);
  }
  maker.add(0, std::nullopt, {.process_s = 5, .wait_s = 7, .periods = 10, .held_periods = 5});
  maker.add(1, std::nullopt, {.process_s = 6, .wait_s = 3, .periods = 20, .held_periods = 9});
  const Window window = maker.take();
  CHECK_FALSE(window.cpu_wait);
  CHECK(window.cpu_held == Approx(0.4));
}

TEST_CASE("a lost GPU is said, and its last figures are not kept") {
  PlayedCard card("vanishing");
  const Window window = window_of(card, 12);
  CHECK(window.is_lost);
  CHECK_FALSE(window.gpu_power_limit_w);
  CHECK(window.gpu_xid_errors == Approx(1));
  CHECK(window.last_xid == 79);
}

TEST_CASE("several ranks are summed, averaged, or the hottest is taken") {
  Window a, b;
  a.gpu_power_w = 300, b.gpu_power_w = 400;
  a.gpu_util = 0.5, b.gpu_util = 1;
  a.gpu_temp_c = 70, b.gpu_temp_c = 60;
  a.cpu_used = 2;
  b.is_lost = true;
  a.gpu_others_gib = 0.3, b.gpu_others_gib = 0.4;
  a.gpu_pcie_busy = 0.5, b.gpu_pcie_busy = 0.2;
  a.gpu_pcie_gib_s = 9, b.gpu_pcie_gib_s = 3;
  b.last_xid = 31;
  const std::vector<Window> ranks{a, b};
  const Window all = monitor::combined(ranks);
  CHECK(all.gpu_power_w == Approx(700));
  CHECK(all.gpu_util == Approx(0.75));
  CHECK(all.gpu_temp_c == Approx(70));
  CHECK(all.cpu_used == Approx(2));
  CHECK(all.is_lost);
  CHECK(all.gpu_others_gib == Approx(0.4));  // one device suffers, not their sum
  CHECK(all.gpu_pcie_busy == Approx(0.5));
  CHECK(all.gpu_pcie_gib_s == Approx(12));
  CHECK(all.last_xid == 31);
  CHECK_FALSE(all.gpu_dram);
}

TEST_CASE("what a rank sends arrives, and what is none does no harm") {
  PlayedCard card("throttling");
  Window sent = window_of(card, 4);
  sent.last_xid = 79;
  sent.is_of_module = true;
  const Window arrived = monitor::window_from_json(monitor::window_json(sent));
  CHECK(arrived.samples == sent.samples);
  CHECK(arrived.reasons == sent.reasons);
  CHECK(arrived.last_xid == 79);
  CHECK(arrived.is_of_module);
  for (const monitor::Figure& figure : monitor::figures()) {
    CAPTURE(std::string(figure.name));
    CHECK(arrived.*figure.value == sent.*figure.value);
  }
  for (const char* text : {"", "[]", "{\"gpu_util\": \"x\"}", "{\"samples\": null"})
    CHECK_FALSE(monitor::window_from_json(text).gpu_util);
}

TEST_CASE("each figure has a name, a unit and a place of its own") {
  std::set<std::string_view> names;
  Window window;
  for (const monitor::Figure& figure : monitor::figures()) {
    CHECK(names.insert(figure.name).second);
    CHECK_FALSE(figure.unit.empty());
    CHECK_FALSE(figure.help.empty());
    CHECK_FALSE(window.*figure.value);
    window.*figure.value = 1;
  }
}
