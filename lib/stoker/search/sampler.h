// The settings that a sweep tries: all of a grid, or some of the space, at random or evenly spread.
//
//   std::vector<Setting> settings = sample(space, {.method = Method::kSobol, .count = 16});
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "stoker/search/space.h"

namespace stoker::search {

enum class Method { kGrid, kRandom, kSobol };
std::string_view method_name(Method method);  // grid, random, sobol

struct SampleOptions {
  Method method = Method::kGrid;
  int64_t count = 0;  // of kRandom and kSobol
  uint64_t seed = 0;  // of these two
};

inline constexpr int64_t kMaxSettings = 100'000;

// Each setting once, in an order that is a function of space and options alone. Where the space has
// no more than `count` settings they are the whole grid. A space without axes has one, empty
// setting. Throws ConfigError for more than kMaxSettings.
std::vector<Setting> sample(const Space& space, const SampleOptions& options);

}  // namespace stoker::search
