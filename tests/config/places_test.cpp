#include "stoker/config/places.h"

#include "support/catch.h"

using namespace stoker;
using config::Location;
using config::Origin;
using config::with_place;

namespace {
const config::Provenance kProvenance{
    {"augment.0.resize.size", {Origin::kFile, "a.yaml", 3, 5}},
    {"augment.1.flip.p", {Origin::kFile, "a.yaml", 4, 5}},
    {"optimizer.groups.0.match", {Origin::kFile, "a.yaml", 7, 5}},
    {"optimizer.groups.1.match", {Origin::kFile, "a.yaml", 8, 5}},
    {"schedule.name", {Origin::kFile, "a.yaml", 10, 3}},
    {"schedule.warmup_epochs", {Origin::kOverride, "schedule.warmup_epochs=50", 0, 0}},
    {"train.epochs", {Origin::kDefault, "", 0, 0}}};
}  // namespace

TEST_CASE("a mistake found late gets the place of its key") {
  CHECK(with_place("schedule.warmup_epochs: too long", kProvenance) ==
        "override `schedule.warmup_epochs=50`: schedule.warmup_epochs: too long");
  CHECK(with_place("augment: flip: p is 2", kProvenance) == "a.yaml:4: augment: flip: p is 2");
  CHECK(with_place("optimizer.groups[1].match: no", kProvenance) ==
        "a.yaml:8: optimizer.groups[1].match: no");
}

TEST_CASE("a key that nobody wrote takes the place of what it stands in") {
  CHECK(with_place("schedule: step needs either", kProvenance) ==
        "a.yaml:10: schedule: step needs either");
  CHECK(with_place("augment: resize: mode is odd", kProvenance) ==
        "a.yaml:3: augment: resize: mode is odd");
}

TEST_CASE("a message about no key that was written stays as it is") {
  for (const char* message : {"train.epochs: too many", "no config file", "", ": ", "aug: x",
                              "a.yaml:3: augment: unknown key"}) {
    CAPTURE(message);
    CHECK(with_place(message, kProvenance) == message);
  }
}
