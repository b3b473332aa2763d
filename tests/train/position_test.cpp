// Every number of a position is in its list of fields, and comes back from a checkpoint.
#include "stoker/train/position.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "stoker/train/checkpoint_compare.h"
#include "stoker/train/snapshot.h"
#include "support/catch.h"
#include "train/toys.h"

using namespace stoker;
using namespace stoker::test;

namespace {

// Another value for each number of the list; returns how many there are.
template <class T>
size_t fill(T& object, std::span<const train::NumberField<T>> fields, int64_t first) {
  for (const auto& field : fields) {
    std::visit([&](auto member) { object.*member = first++; }, field.value);
  }
  return fields.size();
}

}  // namespace

TEST_CASE("a position comes back from a checkpoint, number by number", "[train]") {
  ToyRun before, after;
  train::Position& saved = before.state().position;
  const size_t numbers = fill(saved, train::position_fields(), 11);
  const size_t window = fill(saved.window, train::window_fields(), 31);
  const size_t energy = fill(saved.energy, train::energy_fields(), 51);
  // A number that no list names would be lost: the lists cover the structs.
  CHECK(sizeof(train::LogWindow) == 8 * window + sizeof(loader::StageTimes) + 8);
  CHECK(sizeof(train::Position) == 8 * numbers + sizeof(train::LogWindow) + 8 * energy);

  train::restore(train::capture(before.state(), before.algorithms), after.state(),
                 after.algorithms);
  const train::Position& restored = after.state().position;
  for (const auto& field : train::position_fields()) {
    CAPTURE(field.name);
    std::visit([&](auto member) { CHECK(restored.*member == saved.*member); }, field.value);
  }
  for (const auto& field : train::window_fields()) {
    CAPTURE(field.name);
    std::visit([&](auto member) { CHECK(restored.window.*member == saved.window.*member); },
               field.value);
  }
  for (const auto& field : train::energy_fields()) {
    CAPTURE(field.name);
    std::visit([&](auto member) { CHECK(restored.energy.*member == saved.energy.*member); },
               field.value);
  }
}

TEST_CASE("what was not measured of the energy is not measured after a resume", "[train]") {
  ToyRun before, after;
  before.state().position.energy.gpu_integral_j = 12.5;
  train::restore(train::capture(before.state(), before.algorithms), after.state(),
                 after.algorithms);
  CHECK(after.state().position.energy.gpu_integral_j == 12.5);
  CHECK(std::isnan(after.state().position.energy.gpu_counter_j));
}

TEST_CASE("a checkpoint of a version without energies is read all the same", "[train]") {
  ToyRun before, after;
  train::CheckpointContent content = train::capture(before.state(), before.algorithms);
  nlohmann::json saved = nlohmann::json::parse(content.state_json);
  CHECK(saved.erase("energy") == 1);
  content.state_json = saved.dump();
  train::restore(content, after.state(), after.algorithms);
  CHECK(std::isnan(after.state().position.energy.gpu_counter_j));
}

TEST_CASE("checkpoints differ by each number but the clocks", "[train]") {
  const auto content_with = [](auto change) {
    ToyRun run;
    run.state();
    change(run.state().position);
    return train::capture(run.state(), run.algorithms);
  };
  const train::CheckpointContent plain = content_with([](train::Position&) {});
  for (const auto& field : train::position_fields()) {
    CAPTURE(field.name);
    const auto other = content_with([&](train::Position& position) {
      std::visit([&](auto member) { position.*member = 7; }, field.value);
    });
    CHECK(train::differences(plain, other).empty() == field.is_clock);
  }
  for (const auto& field : train::window_fields()) {
    CAPTURE(field.name);
    const auto other = content_with([&](train::Position& position) {
      std::visit([&](auto member) { position.window.*member = 7; }, field.value);
    });
    CHECK(train::differences(plain, other).empty() == field.is_clock);
  }
  for (const auto& field : train::energy_fields()) {
    CAPTURE(field.name);
    const auto other = content_with([&](train::Position& position) {
      std::visit([&](auto member) { position.energy.*member = 7; }, field.value);
    });
    CHECK(train::differences(plain, other).empty());
  }
}
