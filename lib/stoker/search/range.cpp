#include "stoker/search/range.h"

#include <cmath>
#include <string>

#include "stoker/config/values.h"
#include "stoker/core/lines.h"
#include "stoker/core/shown.h"
#include "stoker/search/refusal.h"

namespace stoker::search {

namespace {

constexpr std::string_view kLog = "log:";
constexpr std::string_view kShapes =
    "Ranges are written 2..10, 2..10:4 (steps of 4), 0.1..1/5 (five points) or log:0.01..1.";

// The text before a mark, and what follows it; nothing where there is no mark.
std::optional<std::string_view> cut_at(std::string_view& text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + mark.size());
  text = text.substr(0, at);
  return rest;
}

double end_of(std::string_view text, std::string_view word) {
  const auto value = config::parse_number(trimmed(text));
  if (!value)
    refuse(word, fmt::format("read \"{}\" as an end of the range, expected a number. {}",
                             shown(text), kShapes));
  return *value;
}

void check(const Range& range, std::string_view word) {
  if (range.high <= range.low)
    refuse(word, fmt::format("the range ends at {}, expected more than its beginning {}.",
                             config::number_text(range.high), config::number_text(range.low)));
  if (range.is_log && range.low <= 0)
    refuse(word, fmt::format("a logarithmic range begins above 0, read {}.",
                             config::number_text(range.low)));
  if (range.is_log && range.step)
    refuse(word, "a logarithmic range has points and no steps, as in log:0.01..1/5.");
  if (range.step && !(*range.step > 0 && *range.step <= range.high - range.low))
    refuse(word, fmt::format("the step is {}, expected more than 0 and no more than {}.",
                             config::number_text(*range.step),
                             config::number_text(range.high - range.low)));
  if (range.points && (*range.points < 2 || *range.points > kMaxValues))
    refuse(word, fmt::format("read {} points, expected 2 to {}.", *range.points, kMaxValues));
}

}  // namespace

std::optional<Range> parse_range(std::string_view text, std::string_view word) {
  Range range;
  std::string_view low = text;
  if (low.starts_with(kLog)) {
    range.is_log = true;
    low.remove_prefix(kLog.size());
  }
  std::optional<std::string_view> rest = cut_at(low, "..");
  if (!rest) {
    if (range.is_log) refuse(word, fmt::format("log: wants a range. {}", kShapes));
    return std::nullopt;
  }
  std::string_view high = *rest;
  const auto step = cut_at(high, ":");
  const auto points = cut_at(high, "/");
  const bool begins = config::parse_number(trimmed(low)).has_value();
  const bool ends = config::parse_number(trimmed(high)).has_value();
  if (!range.is_log && !begins && !ends) return std::nullopt;  // a path, say
  range.low = end_of(low, word);
  range.high = end_of(high, word);
  if (step) range.step = end_of(*step, word);
  if (points) {
    range.points = config::parse_integer(trimmed(*points));
    if (!range.points)
      refuse(word, fmt::format("read \"{}\" as the number of points, expected a whole number. {}",
                               shown(*points), kShapes));
  }
  const auto is_whole = [](std::string_view number) {
    return trimmed(number).find_first_of(".eE") == std::string_view::npos;
  };
  range.is_integer = is_whole(low) && is_whole(high) && (!step || is_whole(*step));
  check(range, word);
  return range;
}

}  // namespace stoker::search
