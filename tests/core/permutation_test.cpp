#include "stoker/core/permutation.h"

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "stoker/core/file.h"
#include "support/catch.h"

using namespace stoker;

namespace {

std::vector<int64_t> all(const Permutation& order) {
  std::vector<int64_t> samples;
  for (int64_t i = 0; i < order.size(); ++i) samples.push_back(order[i]);
  return samples;
}

}  // namespace

TEST_CASE("a permutation is one, for every size") {
  std::vector<int64_t> sizes = {1000, 1023, 1024, 1025, 50'000, 1'281'167};
  for (int64_t n = 1; n <= 70; ++n) sizes.push_back(n);
  for (const int64_t n : sizes) {
    const Permutation order(n, {.seed = 7, .epoch = static_cast<uint32_t>(n % 3)});
    std::vector<bool> seen(static_cast<size_t>(n), false);
    bool good = order.size() == n;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t sample = order[i];
      good = good && sample >= 0 && sample < n && !seen[static_cast<size_t>(sample)];
      if (!good) break;
      seen[static_cast<size_t>(sample)] = true;
    }
    INFO("n=" << n);
    CHECK(good);
  }
}

TEST_CASE("orders are those of an independent implementation") {
  const auto golden = nlohmann::json::parse(read_file("tests/golden/core_random.json"));
  REQUIRE(golden["orders"].size() > 2);
  for (const auto& row : golden["orders"]) {
    const Permutation order(row["n"], {.seed = row["seed"], .epoch = row["epoch"]});
    for (size_t i = 0; i < row["positions"].size(); ++i) {
      CHECK(order[row["positions"][i]] == row["samples"][i].get<int64_t>());
    }
  }
}

TEST_CASE("sizes below one are refused") {
  CHECK_THROWS_AS(Permutation(0, {}), std::invalid_argument);
  CHECK_THROWS_AS(Permutation(-5, {}), std::invalid_argument);
}

TEST_CASE("the largest size works") {
  const int64_t n = std::numeric_limits<int64_t>::max();
  const Permutation order(n, {.seed = 1});
  CHECK(order[0] >= 0);
  CHECK(order[n - 1] >= 0);
  CHECK(order[0] != order[n - 1]);
}

// The bounds are the chi-square quantiles at 1e-6.
TEST_CASE("every order of a small set is equally likely") {
  const auto chi_square = [](int64_t n, double orders) {
    constexpr uint32_t kEpochs = 24'000;
    std::map<std::vector<int64_t>, int> counts;
    for (uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
      ++counts[all(Permutation(n, {.seed = 3, .epoch = epoch}))];
    }
    CHECK(static_cast<double>(counts.size()) == orders);
    double sum = 0;
    for (const auto& [order, count] : counts) sum += std::pow(count - kEpochs / orders, 2);
    return sum / (kEpochs / orders);
  };
  CHECK(chi_square(3, 6) < 35.9);   // 5 degrees of freedom
  CHECK(chi_square(4, 24) < 70.5);  // 23
  CHECK(chi_square(5, 120) < 204);  // 119
}

// A sample's place must be uniform over epochs, for odd and even numbers of bits.
TEST_CASE("a position sees every part of the set alike") {
  for (const int64_t n : {1000, 3000, 50'000}) {
    std::vector<int> bins(50, 0);
    constexpr int kEpochs = 20'000;
    for (uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
      ++bins.at(static_cast<size_t>(Permutation(n, {.seed = 9, .epoch = epoch})[17] * 50 / n));
    }
    double sum = 0;
    for (const int count : bins) sum += std::pow(count - kEpochs / 50.0, 2) / (kEpochs / 50.0);
    INFO("n=" << n);
    CHECK(sum < 113);  // chi-square with 49 degrees of freedom at 1e-6
  }
}

TEST_CASE("epochs and seeds give unrelated orders") {
  constexpr int64_t kSamples = 50'000;
  const auto agreements = [](PermutationKey a, PermutationKey b) {
    const Permutation first(kSamples, a), second(kSamples, b);
    int same = 0;
    for (int64_t i = 0; i < kSamples; ++i) same += first[i] == second[i] ? 1 : 0;
    return same;
  };
  // Unrelated permutations agree in one place on average (Poisson): more than 10 is 1e-8.
  CHECK(agreements({.seed = 1, .epoch = 0}, {.seed = 1, .epoch = 1}) <= 10);
  CHECK(agreements({.seed = 1, .epoch = 0}, {.seed = 2, .epoch = 0}) <= 10);
  CHECK(agreements({.seed = 1, .epoch = 5}, {.seed = 1ull << 40, .epoch = 5}) <= 10);
  CHECK(agreements({.seed = 1, .epoch = 5}, {.seed = 1, .epoch = 5}) == kSamples);
}

TEST_CASE("neighbours in the order are not neighbours in the set") {
  constexpr int64_t kSamples = 50'000;
  const Permutation order(kSamples, {.seed = 1, .epoch = 2});
  double sum = 0;
  const double mean = (kSamples - 1) / 2.0, variance = kSamples * (kSamples / 12.0);
  for (int64_t i = 0; i + 1 < kSamples; ++i) {
    sum += (static_cast<double>(order[i]) - mean) * (static_cast<double>(order[i + 1]) - mean);
  }
  CHECK(std::abs(sum / kSamples / variance) < 6 / std::sqrt(double{kSamples}));
}
