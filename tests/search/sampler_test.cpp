#include "stoker/search/sampler.h"

#include <cstdlib>
#include <set>

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using search::Method;
using search::sample;
using Words = std::vector<std::string>;

namespace {

search::Space space(Words words) { return search::parse_space(words); }

std::set<Words> distinct(const std::vector<search::Setting>& settings) {
  std::set<Words> all;
  for (const auto& setting : settings) all.insert(search::overrides_of(setting));
  return all;
}

}  // namespace

TEST_CASE("a grid has every combination once, the last key moving first") {
  const auto settings = sample(space({"a=1,2", "b=x,y,z"}), {});
  REQUIRE(settings.size() == 6);
  CHECK(search::overrides_of(settings[0]) == Words{"a=1", "b=x"});
  CHECK(search::overrides_of(settings[1]) == Words{"a=1", "b=y"});
  CHECK(search::overrides_of(settings[5]) == Words{"a=2", "b=z"});
  CHECK(sample(space({"a=1"}), {}) == std::vector<search::Setting>{{}});
}

TEST_CASE("random and quasi-random settings are functions of the seed and never come twice") {
  const auto two = space({"lr=log:0.01..1", "batch=16,32", "depth=1..3"});
  for (const Method method : {Method::kRandom, Method::kSobol}) {
    const auto settings = sample(two, {.method = method, .count = 40});
    CHECK(settings.size() == 40);
    CHECK(distinct(settings).size() == 40);
    CHECK(settings == sample(two, {.method = method, .count = 40}));
    CHECK(settings != sample(two, {.method = method, .count = 40, .seed = 1}));
    for (const auto& setting : settings) {
      const double lr = std::strtod(setting[0].text.c_str(), nullptr);
      CHECK((lr >= 0.01 && lr <= 1));
    }
    // The first of more are those of fewer.
    const auto more = sample(two, {.method = method, .count = 60});
    CHECK(std::equal(settings.begin(), settings.end(), more.begin()));
  }
}

TEST_CASE("more settings than the space has are the whole grid") {
  const auto settings = sample(space({"a=1,2", "b=1,2"}), {.method = Method::kRandom, .count = 9});
  CHECK(settings.size() == 4);
  CHECK(distinct(settings).size() == 4);
}

TEST_CASE("quasi-random settings fill each half of each range evenly") {
  const auto settings =
      sample(space({"a=0.0..1", "b=0.0..1"}), {.method = Method::kSobol, .count = 64});
  int left = 0, low = 0;
  for (const auto& setting : settings) {
    left += std::strtod(setting[0].text.c_str(), nullptr) < 0.5;
    low += std::strtod(setting[1].text.c_str(), nullptr) < 0.5;
  }
  CHECK(left == 32);
  CHECK(low == 32);
}

TEST_CASE("what is too much is refused") {
  CHECK_THROWS_AS(sample(space({"a=1..1000", "b=1..1000"}), {}), ConfigError);
  CHECK_THROWS_AS(sample(space({"a=0.1..1"}), {.method = Method::kRandom, .count = 0}),
                  ConfigError);
}
