#include "stoker/train/plan.h"

#include <limits>
#include <map>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/thrown.h"

using namespace stoker;
using namespace stoker::train;

namespace {
std::vector<loader::Chunk> all(loader::ChunkSource source) {
  std::vector<loader::Chunk> chunks;
  while (auto chunk = source()) chunks.push_back(*chunk);
  return chunks;
}
}  // namespace

TEST_CASE("a plan counts whole batches only") {
  const StepPlan plan = plan_steps(103, {.epochs = 2, .batch_size = 20});
  CHECK(plan.steps_per_epoch == 5);
  CHECK(plan.total_steps == 10);
  CHECK(plan.grad_accumulation == 1);
  CHECK(plan.epoch(5) == 1.0);
}

TEST_CASE("epochs may be fractions, and a run has at least one step") {
  CHECK(plan_steps(100, {.epochs = 0.5, .batch_size = 10}).total_steps == 5);
  CHECK(plan_steps(100, {.epochs = 1.26, .batch_size = 10}).total_steps == 13);
  CHECK(plan_steps(100, {.epochs = 0.001, .batch_size = 10}).total_steps == 1);
}

TEST_CASE("a batch larger than the set becomes the set") {
  const StepPlan plan = plan_steps(7, {.epochs = 3, .batch_size = 256, .microbatch = 100});
  CHECK(plan.batch_size == 7);
  CHECK(plan.microbatch == 7);
  CHECK(plan.total_steps == 3);
}

TEST_CASE("epochs that nobody can count are refused, in few digits") {
  const auto refusal = [](double epochs) {
    return test::message_of<ConfigError>(
        [&] { plan_steps(1000, {.epochs = epochs, .batch_size = 4}); });
  };
  CHECK(refusal(1e300) == "train.epochs: too large: 2.5e+302 does not fit in 64 bits");
  CHECK(refusal(1e30).starts_with("train.epochs: too large"));
  CHECK(refusal(5e9) == "train.epochs: too large: read 5e+09, expected at most 4294967295");
  CHECK(plan_steps(1000, {.epochs = 4e9, .batch_size = 4}).total_steps == 1'000'000'000'000);
}

TEST_CASE("the largest batch there can be is the set as a whole") {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const StepPlan all_at_once =
      plan_steps(7, {.epochs = 3, .batch_size = kMost, .microbatch = kMost});
  CHECK(all_at_once.batch_size == 7);
  CHECK(all_at_once.grad_accumulation == 1);
  const StepPlan nominal = plan_steps(kMost, {.epochs = 1, .batch_size = kMost, .microbatch = 0});
  CHECK(nominal.microbatch == kMost);
  CHECK(nominal.total_steps == 1);
  CHECK(plan_steps(kMost, {.epochs = 1, .batch_size = kMost, .microbatch = 2}).microbatch == 2);
  for (const int64_t repeats : {1, 3}) {
    const auto chunks = all(sequential_chunks(5, kMost, repeats));
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].count == 5 * repeats);
  }
  CHECK(RankShare{.ranks = 2, .rank = 0}.of(5, kMost) +
            RankShare{.ranks = 2, .rank = 1}.of(5, kMost) ==
        5);
}

TEST_CASE("an empty training set is refused") { CHECK_THROWS_AS(plan_steps(0, {}), ConfigError); }

TEST_CASE("micro-batches cover each step's positions once, in order") {
  const StepPlan plan = plan_steps(103, {.epochs = 2, .batch_size = 20, .microbatch = 8});
  CHECK(plan.grad_accumulation == 3);
  const auto chunks = all(training_chunks(plan, 0));
  REQUIRE(chunks.size() == 30);
  for (int64_t step = 0; step < plan.total_steps; ++step) {
    int64_t next = step % 5 * 20;
    for (int64_t micro = 0; micro < 3; ++micro) {
      const loader::Chunk& chunk = chunks[step * 3 + micro];
      CHECK(chunk.epoch == step / 5);
      CHECK(chunk.first == next);
      CHECK(chunk.count == (micro < 2 ? 7 : 6));  // no rest of one
      next += chunk.count;
    }
  }
}

TEST_CASE("starting at a step gives the rest of the same sequence") {
  const StepPlan plan = plan_steps(103, {.epochs = 2, .batch_size = 20, .microbatch = 8});
  const auto whole = all(training_chunks(plan, 0));
  const auto rest = all(training_chunks(plan, 7));
  REQUIRE(rest.size() == 9);
  for (size_t i = 0; i < rest.size(); ++i) {
    CHECK(rest[i].epoch == whole[21 + i].epoch);
    CHECK(rest[i].first == whole[21 + i].first);
    CHECK(rest[i].count == whole[21 + i].count);
  }
}

TEST_CASE("sequential chunks keep the repetitions of a sample together") {
  const auto chunks = all(sequential_chunks(5, 7, 3));  // two samples a piece
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[1].first == 6);
  CHECK(chunks[1].count == 6);
  CHECK(chunks[2].first == 12);
  CHECK(chunks[2].count == 3);
  CHECK(all(sequential_chunks(4, 2, 5)).size() == 4);  // never less than one sample
}

TEST_CASE("sequential chunks end with what is left") {
  const auto chunks = all(sequential_chunks(11, 4));
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[2].first == 8);
  CHECK(chunks[2].count == 3);
  CHECK(all(sequential_chunks(0, 4)).empty());
}

TEST_CASE("micro-batches of a step differ by one sample at most, and none is larger than asked") {
  for (int64_t batch_size = 1; batch_size <= 40; ++batch_size) {
    for (int64_t microbatch = 1; microbatch <= 12; ++microbatch) {
      CAPTURE(batch_size, microbatch);
      const StepPlan plan =
          plan_steps(200, {.epochs = 0.001, .batch_size = batch_size, .microbatch = microbatch});
      int64_t least = batch_size, most = 0, sum = 0;
      for (const loader::Chunk& chunk : all(training_chunks(plan, 0))) {
        least = std::min(least, chunk.count);
        most = std::max(most, chunk.count);
        sum += chunk.count;
      }
      CHECK(sum == batch_size);
      CHECK(most - least <= 1);
      CHECK(most <= microbatch);
      CHECK(most == plan.microbatch);
      CHECK(least == plan.smallest_microbatch());
    }
  }
}
