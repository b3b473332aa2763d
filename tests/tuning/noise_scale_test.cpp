#include "stoker/tuning/noise_scale.h"

#include <cmath>
#include <limits>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "support/catch.h"

namespace stoker::tuning {
namespace {

double squared(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return sum;
}

// Linear regression y = w* . x + e, x and e standard normal of dimension d, at weights w. With the
// gradient g = (u . x - e) x, u = w - w*:  G = u,  tr(Sigma) = (|u|^2 + 1) d + |u|^2.
struct Regression {
  std::vector<double> u;
  RandomStream random;

  double gradient_squared() const { return squared(u); }
  double noise() const { return (squared(u) + 1) * static_cast<double>(u.size()) + squared(u); }
  // The mean gradient of `images` images.
  std::vector<double> gradient(int64_t images) {
    std::vector<double> mean(u.size()), x(u.size());
    for (int64_t i = 0; i < images; ++i) {
      double residual = -random.normal();
      for (size_t j = 0; j < x.size(); ++j) x[j] = random.normal(), residual += u[j] * x[j];
      for (size_t j = 0; j < x.size(); ++j) mean[j] += residual * x[j] / double(images);
    }
    return mean;
  }
  GradientNorms step(int64_t small, int64_t parts) {
    std::vector<double> whole(u.size());
    double sum = 0;
    for (int64_t i = 0; i < parts; ++i) {
      const std::vector<double> part = gradient(small);
      sum += squared(part) / double(parts);
      for (size_t j = 0; j < u.size(); ++j) whole[j] += part[j] / double(parts);
    }
    return {sum, squared(whole), small, small * parts};
  }
};

TEST_CASE("the noise scale of a linear regression is within 10 % after 200 steps", "[tuning]") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Regression regression{std::vector<double>(40, 0.2),
                          RandomStream({.seed = seed}, Purpose::kPick)};
    NoiseScale noise;
    for (int step = 0; step < 200; ++step) noise.note(regression.step(32, 8));
    CAPTURE(seed);
    REQUIRE(noise.b_simple());
    const double truth = regression.noise() / regression.gradient_squared();
    CHECK(*noise.b_simple() == Approx(truth).epsilon(0.1));
    CHECK(*noise.noise() == Approx(regression.noise()).epsilon(0.1));
    CHECK(*noise.gradient_squared() == Approx(regression.gradient_squared()).epsilon(0.1));
  }
}

TEST_CASE("a saved noise scale goes on as though it had not stopped", "[tuning]") {
  Regression regression{std::vector<double>(5, 0.3), RandomStream({.seed = 9}, Purpose::kPick)};
  NoiseScale whole, before;
  std::vector<GradientNorms> steps;
  for (int i = 0; i < 40; ++i) steps.push_back(regression.step(4, 2));
  for (const GradientNorms& step : steps) whole.note(step);
  for (int i = 0; i < 17; ++i) before.note(steps[size_t(i)]);
  NoiseScale after;
  after.restore(before.averages());
  for (size_t i = 17; i < steps.size(); ++i) after.note(steps[i]);
  CHECK(after.b_simple() == whole.b_simple());
}

TEST_CASE("the noise scale says a sentence, or why there is none", "[tuning]") {
  NoiseScale noise;
  CHECK_THAT(noise.advice(256), Catch::Contains("0 of 10 steps"));
  // |G|^2 = 1, tr(Sigma) = 900.
  for (int i = 0; i < 10; ++i) noise.note({1 + 900 / 32.0, 1 + 900 / 256.0, 32, 256});
  CHECK(*noise.b_simple() == Approx(900));
  CHECK_THAT(noise.advice(100), Catch::Contains("about 900 images"));
  CHECK_THAT(noise.advice(100), Catch::Contains("a step of 100 makes 10 %"));
  NoiseScale lost;
  for (int i = 0; i < 10; ++i) lost.note({900 / 32.0, 0.9 * 900 / 256.0, 32, 256});
  CHECK_FALSE(lost.b_simple());
  CHECK_THAT(lost.advice(256), Catch::Contains("lost in its noise"));
}

TEST_CASE("norms that are no numbers are passed over; a single micro-batch is a defect",
          "[tuning]") {
  NoiseScale noise;
  noise.note({std::numeric_limits<double>::infinity(), 1, 4, 8});
  noise.note({1, std::numeric_limits<double>::quiet_NaN(), 4, 8});
  CHECK(noise.averages().steps == 0);
  CHECK_THROWS_AS(noise.note({1, 1, 8, 8}), InternalError);
}

}  // namespace
}  // namespace stoker::tuning
