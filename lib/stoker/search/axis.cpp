#include "stoker/search/axis.h"

#include <algorithm>
#include <cmath>

#include "stoker/config/values.h"
#include "stoker/core/lines.h"
#include "stoker/search/range.h"
#include "stoker/search/refusal.h"

namespace stoker::search {

namespace {

// As 6 digits, which is finer than any of these numbers matters.
std::string number(double value, bool is_integer) {
  if (is_integer) return fmt::format("{}", std::llround(value));
  return config::number_text(std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr));
}

double on_scale(const Range& range, double share) {
  if (range.is_log) return range.low * std::pow(range.high / range.low, share);
  return range.low + (range.high - range.low) * share;
}

// From the lowest to the highest, each once.
std::vector<std::string> even_points(const Range& range, int64_t points) {
  std::vector<std::string> values;
  for (int64_t i = 0; i < points; ++i) {
    const double share = points == 1 ? 0 : static_cast<double>(i) / static_cast<double>(points - 1);
    std::string value = number(on_scale(range, share), range.is_integer);
    if (values.empty() || values.back() != value) values.push_back(std::move(value));
  }
  return values;
}

std::vector<std::string> steps_of(const Range& range, std::string_view word) {
  const double step = range.step.value_or(1);
  const double count = std::floor((range.high - range.low) / step + 1e-9) + 1;
  if (!(count <= static_cast<double>(kMaxValues)))
    refuse(word, fmt::format("read more than {} values; take a larger step, as in {}..{}:{}, or "
                             "so many points, as in {}..{}/5.",
                             kMaxValues, number(range.low, true), number(range.high, true),
                             number((range.high - range.low) / 4, true), number(range.low, true),
                             number(range.high, true)));
  std::vector<std::string> values;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i)
    values.push_back(number(range.low + step * static_cast<double>(i), range.is_integer));
  return values;
}

// A range of whole numbers or of steps is a list; of others the points are chosen later.
void spell_out(Axis& axis, std::string_view word) {
  const Range range = *axis.range;
  if (range.is_log) return;
  if (range.points) {
    if (!range.is_integer) return;
    axis.values = even_points(range, *range.points);
  } else if (range.is_integer || range.step) {
    axis.values = steps_of(range, word);
  } else {
    return;
  }
  axis.range.reset();
}

void check_values(const std::vector<std::string>& values, std::string_view word) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty())
      refuse(word, fmt::format("value {} of {} is empty. Where there were spaces the shell split "
                               "the word: write a,b,c without spaces, or quote the whole word.",
                               i + 1, values.size()));
    if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
        values.begin() + static_cast<std::ptrdiff_t>(i))
      refuse(word, fmt::format("{} stands in the list twice; leave one out.", values[i]));
  }
}

}  // namespace

std::string Axis::at(double share) const {
  if (!range) {
    const auto index = static_cast<size_t>(share * static_cast<double>(values.size()));
    return values[std::min(index, values.size() - 1)];
  }
  if (!range->is_integer) return number(on_scale(*range, share), false);
  // Each whole number has the room from half below to half above it.
  const Range wide{.low = range->low - 0.5, .high = range->high + 0.5, .is_log = range->is_log};
  return number(std::clamp(std::round(on_scale(wide, share)), range->low, range->high), true);
}

std::vector<std::string> Axis::grid() const {
  if (!range) return values;
  return even_points(*range, range->points.value_or(kGridPoints));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
  }
  if (depth != 0 || quote != 0)
    refuse(text,
           "a bracket, brace or quote has no partner; quote the whole word for the shell, as "
           "in 'augment=[flip, normalize]'.");
  for (std::string& part : parts) part = std::string(trimmed(part));
  return parts;
}

Axis parse_axis(std::string_view word) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0)
    refuse(word,
           "expected key=value, key=a,b,c, key=2..10 or key=log:0.01..1. Where there were "
           "spaces the shell split the word: write a,b,c without spaces, or quote the whole "
           "word.");
  Axis axis{.key = std::string(word.substr(0, equals)),
            .text = std::string(word.substr(equals + 1)),
            .values = {},
            .range = {}};
  if (axis.key.find_first_of(" \t\n,") != std::string::npos)
    refuse(word, "a key has no spaces or commas; expected one like `train.batch_size=64,128`.");
  axis.range = parse_range(axis.text, word);
  if (axis.range) {
    spell_out(axis, word);
    return axis;
  }
  axis.values = split_list(axis.text);
  if (axis.values.size() > 1) check_values(axis.values, word);
  return axis;
}

}  // namespace stoker::search
