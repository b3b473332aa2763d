#include "stoker/draw/chart_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/text.h"

namespace stoker::draw {
namespace {

// Of the range, before the first value and after the last.
constexpr double kPadding = 0.04;
// With less than this of a decade, round numbers stand nearer than powers do.
constexpr double kNarrowDecades = 0.7;

// "3.000e-05" as "3e-5"
std::string power_text(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", value, digits - 1);
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  return fmt::format("{}e{}", mantissa, std::stoi(text.substr(e + 1)));
}

}  // namespace

double nice_step(double span, double steps) {
  const double raw = span / std::max(steps, 1.0);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= raw * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::string number_text(double value, int digits) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  const double size = std::abs(value);
  if (size != 0 && (size < 0.99e-3 || size >= 1e9)) return power_text(value, digits);
  if (size >= std::pow(10.0, digits - 1)) return human_count(std::llround(value));
  return fmt::format("{:.{}g}", value, digits);
}

AxisMap::AxisMap(const Axis& axis, const std::vector<double>& values, double begin_px,
                 double end_px, double spacing_px)
    : scale_(axis.scale),
      begin_px_(begin_px),
      end_px_(end_px),
      max_ticks_(std::max(2.0, std::abs(end_px - begin_px) / spacing_px)) {
  choose_range(axis, values);
}

bool AxisMap::can_show(double value) const {
  return std::isfinite(value) && (scale_ == Scale::kLinear || value > 0);
}

double AxisMap::position(double value) const {
  if (scale_ == Scale::kLinear) return value;
  return scale_ == Scale::kLog ? std::log10(value) : std::log2(value);
}

void AxisMap::choose_range(const Axis& axis, const std::vector<double>& values) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (!can_show(value)) continue;
    low = std::min(low, position(value));
    high = std::max(high, position(value));
  }
  if (low > high) low = 0, high = 1;
  if (scale_ == Scale::kLinear && axis.from_zero)
    low = std::min(low, 0.0), high = std::max(high, 0.0);
  if (high - low < 1e-9 * std::max(1.0, std::abs(high))) {
    const double room = scale_ == Scale::kLinear ? std::max(std::abs(high) * 0.1, 1e-12) : 0.5;
    low -= room, high += room;
  }
  const double padding = kPadding * (high - low);
  const bool starts_at_zero = scale_ == Scale::kLinear && low == 0;
  low_ = starts_at_zero ? low : low - padding;
  high_ = high + padding;
  if (axis.low && can_show(*axis.low)) low_ = position(*axis.low);
  if (axis.high && can_show(*axis.high)) high_ = position(*axis.high);
  if (high_ <= low_) high_ = low_ + 1;
}

double AxisMap::px(double value) const {
  return begin_px_ + (position(value) - low_) / (high_ - low_) * (end_px_ - begin_px_);
}

double AxisMap::px_within(double value) const {
  return std::clamp(px(value), std::min(begin_px_, end_px_), std::max(begin_px_, end_px_));
}

std::vector<double> AxisMap::log_ticks() const {
  std::vector<double> values;
  const double base = scale_ == Scale::kLog ? 10 : 2;
  const double step = std::max(1.0, std::ceil((high_ - low_) / max_ticks_));
  const bool between = scale_ == Scale::kLog && 3 * (high_ - low_) <= max_ticks_;
  for (double power = std::ceil((low_ - 1) / step) * step; power <= high_; power += step)
    for (const double factor : {1.0, 2.0, 5.0})
      if (factor == 1 || between) values.push_back(factor * std::pow(base, power));
  return values;
}

std::vector<double> AxisMap::tick_values() const {
  const double decades = scale_ == Scale::kLog2 ? (high_ - low_) * std::log10(2.0) : high_ - low_;
  if (scale_ == Scale::kLog2 && high_ - low_ >= 2) return log_ticks();
  if (scale_ == Scale::kLog && decades >= kNarrowDecades) return log_ticks();
  const double base = scale_ == Scale::kLog ? 10 : 2;
  const double low = scale_ == Scale::kLinear ? low_ : std::pow(base, low_);
  const double high = scale_ == Scale::kLinear ? high_ : std::pow(base, high_);
  double step = nice_step(high - low, max_ticks_);
  if (scale_ == Scale::kLog2 && high - low >= 2) step = std::max(1.0, std::ceil(step));
  std::vector<double> values;
  // Counted, so that nought is nought and a step below the numbers' precision ends.
  const double first = std::ceil(low / step);
  for (int i = 0; i <= static_cast<int>(max_ticks_) + 1; ++i) values.push_back((first + i) * step);
  return values;
}

std::vector<AxisMap::Tick> AxisMap::ticks() const {
  std::vector<Tick> ticks;
  const double room = 1e-9 * (high_ - low_);
  for (const double value : tick_values()) {
    if (!can_show(value) || position(value) < low_ - room || position(value) > high_ + room)
      continue;
    ticks.push_back({px(value), number_text(value)});
  }
  return ticks;
}

}  // namespace stoker::draw
