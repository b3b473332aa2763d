// One key of a sweep with the values it is to have, as the command line writes it:
//
//   train.precision=fp32,bf16      a list; [1, 2] and {a: 1, b: 2} stay one value, quotes too
//   model.depth=2..10              whole numbers; 2..10:4 in steps of 4
//   train.label_smoothing=0..0.2   real numbers: drawn from, or kGridPoints of them in a grid
//   optimizer.lr=log:0.01..1       even in the logarithm; log:0.01..1/7 are seven in a grid
//   train.epochs=3                 a single value holds for every trial
//
//   const Axis axis = parse_axis("optimizer.lr=log:0.01..1");
//   axis.at(0.5);                  // "0.1"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::search {

struct Range {
  double low = 0, high = 0;
  bool is_log = false;
  bool is_integer = false;        // both ends are written as whole numbers
  std::optional<double> step;     // of what is not log
  std::optional<int64_t> points;  // of a grid
};

struct Axis {
  std::string key;
  std::string text;                 // what stands after the =
  std::vector<std::string> values;  // of a list, or of a range that is one: whole numbers, steps
  std::optional<Range> range;       // of real numbers, and of what is log

  bool is_fixed() const { return !range && values.size() == 1; }
  bool is_finite() const { return !range; }
  // The value at `share` of the way, in [0, 1).
  std::string at(double share) const;
  // The values of a grid, in order.
  std::vector<std::string> grid() const;
};

inline constexpr int64_t kGridPoints = 5;      // of a range of real numbers that names no number
inline constexpr int64_t kMaxValues = 10'000;  // of one key

// Throws ConfigError that says what a shell may have done to the word.
Axis parse_axis(std::string_view word);

// Cut at the commas outside of brackets, braces and quotes.
std::vector<std::string> split_list(std::string_view text);

}  // namespace stoker::search
