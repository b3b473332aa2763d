// Means over seeds, and whether two of them differ.
//
//   const Spread a = spread({0.91, 0.93, 0.92}), b = spread({0.90, 0.92, 0.91});
//   welch_half_width(a, b);   // of the 95 % interval of a.mean - b.mean
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace stoker::search {

struct Spread {
  int64_t count = 0;
  double mean = 0;
  double deviation = 0;  // of the sample, with n - 1; 0 for less than two
};
Spread spread(std::span<const double> values);
double median(std::span<const double> values);  // of at least one

// Quantile of Student's distribution, for p in (0.5, 1) and any degrees of freedom above 0.
double student_quantile(double p, double degrees);

// Half the width of the interval that holds the difference of the means with probability `level`
// (Welch 1947, degrees of freedom by Welch and Satterthwaite). Nothing with fewer than two values
// on a side.
std::optional<double> welch_half_width(const Spread& a, const Spread& b, double level = 0.95);

// Whether the interval leaves it open which mean is larger.
bool is_tied(const Spread& a, const Spread& b);

}  // namespace stoker::search
