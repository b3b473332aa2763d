#include "stoker/callbacks/verdict_watch.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "stoker/callbacks/machine_notices.h"
#include "stoker/core/log.h"
#include "support/catch.h"
#include "support/temporary.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;
using train::Event;

namespace {

// A run of three epochs whose log goes to a file.
struct Watched {
  Watched() {
    run.options.train.epochs = 3;
    add_log_file(folder.path() / "log.txt");
  }
  ~Watched() { remove_log_file(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // A line after ten seconds, of which nine are steps that waited for images for so much.
  void line(train::Callback& callback, double data_wait_s = 0) {
    train::Position& position = run.state().position;
    position.train_time_s += 9;
    position.window = {};
    position.window.add({.images = 900, .time_s = 9, .data_wait_s = data_wait_s});
    run.state().machine.wall_s = 10;
    callback.observe(Event::kLog, {.state = run.state()});
  }
  void epoch(train::Callback& callback) {
    run.state().position.step += run.state().facts.plan.steps_per_epoch;
    callback.observe(Event::kEpochDone, {.state = run.state()});
  }
  std::vector<std::string> lines_of(const char* file, const std::string& with) const {
    std::vector<std::string> found;
    std::istringstream text(read_file(folder.path() / file));
    for (std::string line; std::getline(text, line);) {
      if (line.find(with) != std::string::npos) found.push_back(line);
    }
    return found;
  }

  TemporaryFolder folder;
  ToyRun run;
};

}  // namespace

TEST_CASE("an epoch's verdict is written always, and said where it is new") {
  Watched watched;
  const auto file =
      std::make_shared<callbacks::EventsFile>(real_file_system(), watched.folder.path());
  const auto watch = callbacks::make_verdict_watch(file, {}, std::make_shared<callbacks::Said>());
  watched.run.state().machine.gpu = "NVIDIA A40";
  watched.run.state().machine.window.gpu_held_heat = 0.6;
  watched.run.state().machine.window.gpu_temp_c = 95;
  watched.line(*watch, 9);  // the first of a process is passed over
  watched.line(*watch);
  watched.epoch(*watch);
  watched.line(*watch);
  watched.epoch(*watch);
  watched.line(*watch, 8);  // another reason, in the last epoch: the run's verdict follows
  watched.epoch(*watch);
  CHECK(watched.lines_of("log.txt", "heat holds the GPU's clock down 60% of the time, at 95 C: ")
            .size() == 1);
  CHECK(watched.lines_of("log.txt", "waits for images").empty());
  const auto events = watched.lines_of("events.jsonl", "verdict");
  REQUIRE(events.size() == 3);
  const auto first = nlohmann::json::parse(events[0]);
  CHECK(first["kind"] == "heat");
  CHECK(first["gpu"] == "NVIDIA A40");
  CHECK(first["epoch"] == 1);
  CHECK_THAT(first["advice"].get<std::string>(), Catch::Contains("cool it"));
  CHECK(nlohmann::json::parse(events[2])["kind"] == "data");
}

TEST_CASE("what a warning has said of the data no verdict says again") {
  Watched watched;
  const auto file =
      std::make_shared<callbacks::EventsFile>(real_file_system(), watched.folder.path());
  const auto said = std::make_shared<callbacks::Said>();
  said->kinds.insert("data");
  const auto watch = callbacks::make_verdict_watch(file, {}, said);
  watched.line(*watch);
  watched.line(*watch, 8);
  watched.epoch(*watch);
  CHECK(watched.lines_of("events.jsonl", "waits for images 80% of the time").size() == 1);
  CHECK(watched.lines_of("log.txt", "waits for images").empty());
}

TEST_CASE("an epoch of no time has no verdict") {
  Watched watched;
  const auto file =
      std::make_shared<callbacks::EventsFile>(real_file_system(), watched.folder.path());
  const auto watch = callbacks::make_verdict_watch(file, {}, std::make_shared<callbacks::Said>());
  watched.line(*watch);
  watched.epoch(*watch);
  CHECK(watched.lines_of("events.jsonl", "verdict").empty());
}

TEST_CASE("a lost card, its errors and figures that cannot be had are told once") {
  Watched watched;
  const auto notices = callbacks::make_machine_notices({.has_energy_budget = true});
  train::MachineLine& machine = watched.run.state().machine;
  machine.gpu = "NVIDIA H200";
  machine.why_no_cpu_energy = "no energy counters";
  for (int i = 0; i < 3; ++i) {
    machine.lost_gpu = i > 0 ? "NVIDIA H200" : "";
    machine.window.gpu_xid_errors = i;
    watched.line(*notices);
  }
  CHECK(watched.lines_of("log.txt", "lost the GPU NVIDIA H200").size() == 1);
  CHECK(watched.lines_of("log.txt", "(XID)").size() == 1);
  CHECK(watched.lines_of("log.txt", "not measured (no energy counters)").size() == 1);
}

TEST_CASE("two measures of a GPU's energy that disagree are told at the end") {
  Watched watched;
  const auto notices = callbacks::make_machine_notices({});
  auto& energy = watched.run.state().position.energy;
  energy = {.gpu_counter_j = 10'000,
            .gpu_integral_j = 10'900,
            .gpu_j = 10'000,
            .gpu_s = 30,
            .gpu_measured_s = 30};
  notices->observe(Event::kFitDone, {.state = watched.run.state()});
  CHECK(watched.lines_of("log.txt", "by its counter").empty());
  energy.gpu_integral_j = 11'200;
  notices->observe(Event::kFitDone, {.state = watched.run.state()});
  CHECK(watched.lines_of("log.txt", "by its counter is 10 kJ, by the integral of its power 11.2 kJ")
            .size() == 1);
}
