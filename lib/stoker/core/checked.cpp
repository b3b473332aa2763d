#include "stoker/core/checked.h"

#include <cmath>

#include "stoker/core/error.h"

namespace stoker {
namespace {

// The largest double that is no more than the largest int64_t. Doubles this large are whole.
constexpr double kLargest = 9223372036854774784.0;

}  // namespace

int64_t checked_add(std::string_view key, int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  throw ConfigError(fmt::format("{}: too large: {} + {} does not fit in 64 bits", key, a, b));
}

int64_t checked_multiply(std::string_view key, int64_t a, int64_t b) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  throw ConfigError(fmt::format("{}: too large: {} x {} does not fit in 64 bits", key, a, b));
}

int64_t checked_round(std::string_view key, double value) {
  if (std::isnan(value)) throw ConfigError(fmt::format("{}: is not a number", key));
  if (value >= -kLargest && value <= kLargest) return std::llround(value);
  throw ConfigError(fmt::format("{}: too large: {:.6g} does not fit in 64 bits", key, value));
}

}  // namespace stoker
