// Arithmetic on counts that a configuration decides: what does not fit in 64 bits is a mistake in
// the configuration, named by its key, never a number that wrapped.
//
//   const int64_t steps = checked_round("train.epochs", epochs * steps_per_epoch);
//   const int64_t positions = checked_multiply("eval.tta", samples, repeats);
#pragma once

#include <cstdint>
#include <string_view>

namespace stoker {

// All throw ConfigError.
int64_t checked_add(std::string_view key, int64_t a, int64_t b);
int64_t checked_multiply(std::string_view key, int64_t a, int64_t b);
// To the nearest whole number, halves away from nought; refuses NaN and infinities too.
int64_t checked_round(std::string_view key, double value);

}  // namespace stoker
