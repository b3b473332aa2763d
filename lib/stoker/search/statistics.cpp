#include "stoker/search/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "stoker/core/error.h"

namespace stoker::search {

namespace {

// The continued fraction of the incomplete beta function, by Lentz's method (Press et al.,
// "Numerical Recipes", 6.4).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kPrecision = 1e-15;
  constexpr int kRounds = 10'000;
  const auto away_from_0 = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / away_from_0(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m < kRounds; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_0(1 + even * d);
    c = away_from_0(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_0(1 + odd * d);
    c = away_from_0(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < kPrecision) break;
  }
  return fraction;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

// Probability above t >= 0.
double student_tail(double t, double degrees) {
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

}  // namespace

Spread spread(std::span<const double> values) {
  Spread result{.count = std::ssize(values)};
  if (values.empty()) return result;
  for (const double value : values) result.mean += value;
  result.mean /= static_cast<double>(values.size());
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return result;
}

double median(std::span<const double> values) {
  STOKER_CHECK(!values.empty(), "no values");
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double student_quantile(double p, double degrees) {
  STOKER_CHECK(p > 0.5 && p < 1 && degrees > 0, "p={} degrees={}", p, degrees);
  double low = 0, high = 1;
  while (student_tail(high, degrees) > 1 - p && high < 1e12) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-14 * high; ++i) {
    const double middle = (low + high) / 2;
    (student_tail(middle, degrees) > 1 - p ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::optional<double> welch_half_width(const Spread& a, const Spread& b, double level) {
  if (a.count < 2 || b.count < 2) return std::nullopt;
  const auto n_a = static_cast<double>(a.count), n_b = static_cast<double>(b.count);
  const double u = a.deviation * a.deviation / n_a, v = b.deviation * b.deviation / n_b;
  if (u + v == 0) return 0;
  const double degrees = (u + v) * (u + v) / (u * u / (n_a - 1) + v * v / (n_b - 1));
  return student_quantile((1 + level) / 2, degrees) * std::sqrt(u + v);
}

bool is_tied(const Spread& a, const Spread& b) {
  const auto half = welch_half_width(a, b);
  return half && std::abs(a.mean - b.mean) <= *half;
}

}  // namespace stoker::search
