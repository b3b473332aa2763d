#include "stoker/tuning/lr_range.h"

#include <cmath>
#include <limits>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "support/catch.h"

namespace stoker::tuning {
namespace {

// Gradient descent on L x^2 / 2, with gradients that have noise.
LrRange on_a_quadratic(double curvature, float noise, uint64_t seed, LrRangeOptions options = {}) {
  LrRangeTest test(options);
  RandomStream random({.seed = seed}, Purpose::kPick);
  double x = 1;
  while (!test.is_over()) {
    const double rate = test.rate();
    test.note(curvature * x * x / 2);
    x -= rate * (curvature * x + noise * random.normal());
  }
  return test.result();
}

TEST_CASE("on a quadratic the rate of divergence is 2 over the curvature", "[tuning]") {
  for (const double curvature : {0.5, 3.0, 10.0, 170.0, 5000.0})
    for (const float noise : {0.0f, 0.03f, 0.3f})
      for (uint64_t seed = 1; seed <= 5; ++seed) {
        const LrRange range =
            on_a_quadratic(curvature, noise, seed, {.first = 1e-6, .last = 300, .steps = 150});
        CAPTURE(curvature, noise, seed, range.reason);
        REQUIRE(range.diverges_at);
        // A step's noise hides the climb's first steps, of which each is 14 % of the rate.
        const double off = std::abs(std::log(*range.diverges_at * curvature / 2));
        CHECK(off < (noise == 0 ? std::log(1.2) : std::log(2.0)));
        REQUIRE(range.suggestion);
        CHECK(*range.suggestion <= 0.25 / curvature);
        CHECK(*range.suggestion < *range.diverges_at);
      }
}

TEST_CASE("a loss that only scatters gives no suggestion, and says why", "[tuning]") {
  for (const float noise : {0.0f, 0.02f, 0.5f})
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      LrRangeTest test({});
      RandomStream random({.seed = seed}, Purpose::kPick);
      while (!test.is_over()) test.note(2.3 + noise * random.normal());
      const LrRange range = test.result();
      CAPTURE(noise, seed, range.reason);
      CHECK_FALSE(range.suggestion);
      CHECK_FALSE(range.diverges_at);
      CHECK(range.points.size() == 100);
      CHECK_THAT(range.reason, Catch::Contains("No suggestion: the loss fell"));
    }
}

// As a network's loss goes: flat, down around `knee` by a power of the rate, up in the end.
LrRange on_a_network(double steepest, double lost, float noise, uint64_t seed) {
  LrRangeTest test({});
  RandomStream random({.seed = seed}, Purpose::kPick);
  while (!test.is_over()) {
    const double lr = test.rate();
    const double fall = 1.7 / (1 + std::pow(steepest / lr, 1.5));
    const double rise = lr > lost ? 3 * std::pow(lr / lost, 3) - 3 : 0;
    test.note(2.3 - fall + rise + noise * random.normal());
  }
  return test.result();
}

TEST_CASE("steepest descent is found on a logarithmic axis, without lag", "[tuning]") {
  int off = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const LrRange range = on_a_network(0.01, 1, 0.03f, seed);
    CAPTURE(seed, range.reason);
    REQUIRE(range.steepest);
    REQUIRE(range.diverges_at);
    CHECK(std::abs(std::log10(*range.diverges_at)) < 0.25);
    if (std::abs(std::log10(*range.steepest / 0.01)) > 0.35) ++off;
    CHECK(*range.suggestion == std::min(*range.steepest, *range.diverges_at / 10));
  }
  CHECK(off <= 5);
}

TEST_CASE("a tenth of the rate at divergence is taken where it is the smaller", "[tuning]") {
  const LrRange range = on_a_network(0.3, 1, 0, 1);
  REQUIRE(range.suggestion);
  CHECK(*range.suggestion == Approx(*range.diverges_at / 10));
  CHECK_THAT(range.reason, Catch::Contains("a tenth of which"));
}

TEST_CASE("a network that collapses is lost before its loss comes down again", "[tuning]") {
  LrRangeTest test({.first = 1e-6, .last = 10, .steps = 100});
  const std::vector<double> fall{2.2, 2.0, 1.8, 1.6, 1.4, 1.3, 1.4, 1.7, 2.6, 2.7, 4.2, 7.0};
  double lowest_at = 0;
  for (size_t i = 0; !test.is_over(); ++i) {
    const double loss = i < 80   ? 2.3 + 0.005 * static_cast<double>(i % 3)
                        : i < 92 ? fall[i - 80]
                                 : 2.3;
    if (i == 85) lowest_at = test.rate();
    test.note(loss);
  }
  const LrRange range = test.result();
  REQUIRE(range.diverges_at);
  CHECK(*range.diverges_at == Approx(lowest_at).epsilon(0.2));
  REQUIRE(range.steepest);
  CHECK(*range.steepest <= lowest_at);
  CHECK(*range.suggestion == Approx(*range.diverges_at / 10));
}

TEST_CASE("a loss that is no number ends the test there", "[tuning]") {
  LrRangeTest test({.first = 1e-3, .last = 1, .steps = 31});
  for (int i = 0; i < 20; ++i) test.note(2.0 - 0.05 * i);
  const double last_good = test.rate();
  test.note(1);
  test.note(std::numeric_limits<double>::quiet_NaN());
  CHECK(test.is_over());
  CHECK_THROWS_AS(test.note(1), InternalError);
  const LrRange range = test.result();
  REQUIRE(range.diverges_at);
  CHECK(*range.diverges_at == Approx(last_good).epsilon(0.13));
  CHECK(range.suggestion);
}

TEST_CASE("a range that begins too high says so", "[tuning]") {
  LrRangeTest test({.first = 1, .last = 10, .steps = 20});
  for (double loss = 1; !test.is_over(); loss *= 50) test.note(loss);
  const LrRange range = test.result();
  CHECK_FALSE(range.suggestion);
  CHECK_THAT(range.reason, Catch::Contains("begin with a lower rate than 1"));
  CHECK_THAT(LrRangeTest({}).result().reason, Catch::Contains("no step"));
}

TEST_CASE("rates rise by one factor from the first to the last", "[tuning]") {
  LrRangeTest test({.first = 1e-4, .last = 1, .steps = 5});
  for (const double rate : {1e-4, 1e-3, 1e-2, 1e-1, 1.0}) {
    CHECK(test.rate() == Approx(rate));
    test.note(1);
  }
  CHECK(test.is_over());
  CHECK_THROWS_AS(LrRangeTest({.first = 1, .last = 1}), InternalError);
  CHECK_THROWS_AS(LrRangeTest({.steps = 1}), InternalError);
}

}  // namespace
}  // namespace stoker::tuning
