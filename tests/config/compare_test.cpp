#include "stoker/config/compare.h"

#include "config/support.h"

using namespace stoker;
using namespace stoker::test;
using config::Change;

namespace {

std::vector<std::string> changes(std::string_view before, std::string_view after) {
  auto old = read(before), now = read(after);
  std::vector<std::string> lines;
  for (const Change& change :
       config::compare(config::fields_of(old.options), config::fields_of(now.options)))
    lines.push_back(to_string(change) + (change.is_fixed() ? " | " + change.reason : ""));
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("equal configurations do not differ, however they are written") {
  CHECK(changes("", "") == Lines{});
  CHECK(changes("train: {epochs: 10}", "train: {epochs: 1e1}") == Lines{});
  CHECK(changes("optimizer: sgd", "optimizer: {name: sgd, lr: 0.1}") == Lines{});
}

TEST_CASE("changes are listed with what forbids them") {
  CHECK(changes("train: {epochs: 3, batch_size: 8}\nseed: 1",
                "train: {epochs: 4, batch_size: 16, microbatch: 2}\nseed: 1") ==
        Lines{"train.epochs: 3 → 4",
              "train.batch_size: 8 → 16 | the position in the data is counted in samples",
              "train.microbatch: auto → 2"});
  CHECK(changes("widths: [1]", "widths: [1, 2]") == Lines{"widths: [1] → [1, 2]"});
  CHECK(changes("augment: [gray]", "augment: [gray, flip: {p: 1}]") ==
        Lines{"augment: [gray] → [gray, {flip: {p: 1}}]"});
}

TEST_CASE("a reason holds for everything below, and another choice hides the options") {
  CHECK(changes("optimizer: {lr: 1}", "optimizer: {lr: 2}") ==
        Lines{"optimizer.lr: 1 → 2 | its state would not fit"});
  CHECK(changes("optimizer: {lr: 1}", "optimizer: {name: adam, lr: 2}") ==
        Lines{"optimizer.name: sgd → adam | its state would not fit"});
}
