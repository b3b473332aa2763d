#include "stoker/tuning/knee.h"

#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "support/catch.h"

namespace stoker::tuning {
namespace {

// Saturating: rate = 1 / (1/peak + overhead / microbatch).
double true_seconds(int64_t microbatch) { return 0.01 + static_cast<double>(microbatch) / 400; }
double true_rate(int64_t microbatch) {
  return static_cast<double>(microbatch) / true_seconds(microbatch);
}

// Timings with the noise of single steps, and with that of rounds, which all sizes share.
std::vector<Timing> timings(const std::vector<int64_t>& sizes, int rounds, uint64_t seed,
                            float step_noise, float round_noise) {
  std::vector<Timing> all;
  for (const int64_t size : sizes) all.push_back({size, {}});
  RandomStream random({.seed = seed}, Purpose::kPick);
  for (int i = 0; i < rounds; ++i) {
    const double slow = std::exp(round_noise * random.normal());
    for (Timing& timing : all)
      timing.seconds.push_back(true_seconds(timing.microbatch) * slow *
                               std::exp(step_noise * random.normal()));
  }
  return all;
}

TEST_CASE("the interval of a median is of order statistics", "[tuning]") {
  const std::vector<double> five{5, 1, 4, 2, 3};
  CHECK(median_interval(five).median == 3);
  CHECK(median_interval(five).low == 1);
  CHECK(median_interval(five).high == 5);
  CHECK(median_interval(five).confidence == Approx(0.9375));  // 1 - 2 / 2^5
  std::vector<double> twenty;
  for (int i = 1; i <= 20; ++i) twenty.push_back(i);
  const MedianInterval interval = median_interval(twenty);  // ranks 6 and 15: 95.86 %
  CHECK(interval.median == 10.5);
  CHECK(interval.low == 6);
  CHECK(interval.high == 15);
  CHECK(interval.confidence == Approx(0.9586).epsilon(1e-4));
  CHECK(median_interval(std::vector<double>{7}).confidence == 0);
  CHECK_THROWS_AS(median_interval(std::vector<double>{}), InternalError);
}

TEST_CASE("sizes far from the best in every round are no contenders", "[tuning]") {
  // Rates of 1, 8, 10 and 10, 8.1, 1: the first and last are best once, the middle one near once.
  const std::vector<Timing> mixed{{4, {4.0, 0.4}}, {5, {0.625, 0.617}}, {8, {0.8, 8.0}}};
  CHECK(contenders(mixed) == std::vector<int64_t>{4, 5, 8});
  CHECK(contenders(mixed, 0.9) == std::vector<int64_t>{4, 8});
  const std::vector<Timing> one{{7, {0.1}}};
  CHECK(contenders(one) == std::vector<int64_t>{7});
  CHECK_THROWS_AS(contenders(std::vector<Timing>{}), InternalError);
  CHECK(rate_of({6, {2, 3, 6}}).images_per_s.median == 2);
}

TEST_CASE("without noise the knee is the smallest size with 97 % of the best", "[tuning]") {
  const std::vector<int64_t> sizes{8, 16, 32, 64, 128, 256, 512};
  const Knee knee = find_knee(timings(sizes, 5, 1, 0, 0));
  CHECK(knee.fastest == 512);
  CHECK_FALSE(knee.needs_more_repeats);
  for (const int64_t size : sizes) {
    const bool reaches = true_rate(size) >= 0.97 * true_rate(512);
    CHECK(reaches == (size >= knee.microbatch));
  }
  CHECK(knee.rates.size() == sizes.size());
  CHECK(knee.rates[0].images_per_s.median == Approx(true_rate(8)));
}

TEST_CASE("what slows a whole round does not choose", "[tuning]") {
  const std::vector<int64_t> sizes{16, 64, 128, 256, 512};
  const int64_t right = find_knee(timings(sizes, 5, 1, 0, 0)).microbatch;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const Knee knee = find_knee(timings(sizes, 5, seed, 0.0005f, 0.3f));
    CHECK(knee.microbatch == right);
  }
}

TEST_CASE("a size that is below 97 % is hardly ever called the knee, whatever the noise",
          "[tuning]") {
  const std::vector<int64_t> sizes{16, 32, 64, 96, 128, 192, 256, 512};
  for (const float noise : {0.01f, 0.03f, 0.1f}) {
    int wrong = 0;
    for (uint64_t seed = 1; seed <= 300; ++seed) {
      const Knee knee = find_knee(timings(sizes, 7, seed, noise, 0.2f));
      // A hair below is no mistake that anyone could measure.
      if (knee.needs_more_repeats) continue;
      if (true_rate(knee.microbatch) < 0.96 * true_rate(512)) ++wrong;
    }
    CAPTURE(noise, wrong);
    CHECK(wrong <= 9);  // 3 %: both ends of an interval of 90 % miss in 10 %, one in 5 %
  }
}

TEST_CASE("too few rounds, or too much noise, ask for more", "[tuning]") {
  const std::vector<int64_t> sizes{64, 128, 256};
  CHECK(find_knee(timings(sizes, 1, 1, 0, 0)).needs_more_repeats);
  CHECK(find_knee(timings(sizes, 4, 1, 0, 0)).needs_more_repeats);
  CHECK_FALSE(find_knee(timings(sizes, 5, 1, 0, 0)).needs_more_repeats);
  const Knee noisy = find_knee(timings(sizes, 5, 3, 0.2f, 0));
  CHECK(noisy.needs_more_repeats);
  CHECK_THAT(noisy.reason, Catch::Contains("not sure after 5 rounds"));
  CHECK(noisy.microbatch >= 64);
  CHECK_FALSE(find_knee(timings({32}, 5, 1, 0, 0)).needs_more_repeats);
}

TEST_CASE("with enough rounds the noise of single steps is overcome", "[tuning]") {
  const std::vector<int64_t> sizes{16, 64, 256, 512};  // of which 256 has 99 % of 512
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Knee knee = find_knee(timings(sizes, 101, seed, 0.02f, 0.1f));
    CHECK(knee.microbatch == 256);
    CHECK_FALSE(knee.needs_more_repeats);
  }
}

TEST_CASE("a rate that falls with large sizes leaves them out", "[tuning]") {
  std::vector<Timing> timed{{8, {}}, {16, {}}, {32, {}}};
  for (int i = 0; i < 5; ++i) {
    timed[0].seconds.push_back(8 / 300.0);
    timed[1].seconds.push_back(16 / 200.0);
    timed[2].seconds.push_back(32 / 295.0);
  }
  const Knee knee = find_knee(timed);
  CHECK(knee.microbatch == 8);
  CHECK(knee.fastest == 8);
}

TEST_CASE("timings that cannot be compared are a defect", "[tuning]") {
  CHECK_THROWS_AS(find_knee(std::vector<Timing>{}), InternalError);
  CHECK_THROWS_AS(find_knee(std::vector<Timing>{{8, {1, 2}}, {16, {1}}}), InternalError);
  CHECK_THROWS_AS(find_knee(std::vector<Timing>{{8, {0}}}), InternalError);
  CHECK_THROWS_AS(find_knee(std::vector<Timing>{{0, {1}}}), InternalError);
}

}  // namespace
}  // namespace stoker::tuning
