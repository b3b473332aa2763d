#include "stoker/core/checked.h"

#include <limits>

#include "stoker/core/ceil_div.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/thrown.h"

namespace stoker {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

TEST_CASE("checked arithmetic is arithmetic where it fits") {
  CHECK(checked_add("a", kMost - 1, 1) == kMost);
  CHECK(checked_add("a", kLeast, kMost) == -1);
  CHECK(checked_multiply("a", -3, 7) == -21);
  CHECK(checked_multiply("a", kMost, 1) == kMost);
  CHECK(checked_round("a", 2.5) == 3);
  CHECK(checked_round("a", -0.4) == 0);
  CHECK(checked_round("a", 9007199254740993.0) == 9007199254740992);
  CHECK(checked_round("a", 9223372036854774784.0) == 9223372036854774784);
}

TEST_CASE("pieces are counted without a sum that could overflow") {
  CHECK(ceil_div<int64_t>(0, 3) == 0);
  CHECK(ceil_div<int64_t>(7, 3) == 3);
  CHECK(ceil_div<int64_t>(9, 3) == 3);
  CHECK(ceil_div<int64_t>(5, kMost) == 1);
  CHECK(ceil_div<int64_t>(kMost, kMost) == 1);
  CHECK(ceil_div<int64_t>(kMost, 2) == kMost / 2 + 1);
}

TEST_CASE("what does not fit is a mistake in the configuration, of that key") {
  const auto message = [](auto call) { return test::message_of<ConfigError>(call); };
  CHECK(message([] { checked_add("a.b", kMost, 1); }) ==
        "a.b: too large: 9223372036854775807 + 1 does not fit in 64 bits");
  CHECK(message([] { checked_add("a.b", kLeast, -1); }) != "");
  CHECK(message([] { checked_multiply("a.b", kMost, 2); }) ==
        "a.b: too large: 9223372036854775807 x 2 does not fit in 64 bits");
  CHECK(message([] { checked_round("train.epochs", 1e30 * 31); }) ==
        "train.epochs: too large: 3.1e+31 does not fit in 64 bits");
  CHECK(message([] { checked_round("a", 9223372036854775808.0); }) != "");
  CHECK(message([] { checked_round("a", -std::numeric_limits<double>::infinity()); }) ==
        "a: too large: -inf does not fit in 64 bits");
  CHECK(message([] { checked_round("a", std::numeric_limits<double>::quiet_NaN()); }) ==
        "a: is not a number");
}

}  // namespace
}  // namespace stoker
