#include "stoker/weights/name_rules.h"

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "stoker/core/error.h"

namespace stoker::weights {
namespace {

constexpr size_t kMostDigits = 9;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// What of the name begins as a number does; 0 digits where it is none.
size_t digits_of(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && count < kMostDigits && is_digit(text[count])) ++count;
  return count;
}

struct Match {
  std::vector<int64_t> numbers;
  std::string_view rest;
};

std::optional<Match> match(std::string_view name, std::string_view pattern) {
  Match match{.numbers = {}, .rest = name};
  for (const char c : pattern) {
    if (c == '#') {
      const size_t digits = digits_of(match.rest);
      if (digits == 0) return std::nullopt;
      match.numbers.push_back(std::stoll(std::string(match.rest.substr(0, digits))));
      match.rest.remove_prefix(digits);
    } else if (match.rest.starts_with(c)) {
      match.rest.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  return match;
}

// The number that a replacement's text behind # stands for, and how long that text is.
std::pair<int64_t, size_t> number_of(std::string_view text, const std::vector<int64_t>& numbers) {
  const size_t index = text.empty() ? 0 : static_cast<size_t>(text[0] - '0');
  STOKER_CHECK(index >= 1 && index <= numbers.size(), "#{} of {} numbers", text, numbers.size());
  const int64_t number = numbers[index - 1];
  if (text.size() < 3 || !is_digit(text[2])) return {number, 1};
  const int64_t operand = text[2] - '0';
  if (text[1] == '+') return {number + operand, 3};
  if (text[1] == '-') return {number - operand, 3};
  if (text[1] == '/') return {number / operand, 3};
  return {number, 1};
}

}  // namespace

std::optional<std::string> renamed(std::string_view name, std::span<const NameRule> rules) {
  for (const NameRule& rule : rules) {
    const std::optional<Match> found = match(name, rule.pattern);
    if (!found) continue;
    std::string text;
    for (size_t i = 0; i < rule.replacement.size(); ++i) {
      if (rule.replacement[i] != '#') {
        text += rule.replacement[i];
        continue;
      }
      const auto [number, length] =
          number_of(std::string_view(rule.replacement).substr(i + 1), found->numbers);
      text += std::to_string(number);
      i += length;
    }
    return rule.replacement.empty() ? "" : text + std::string(found->rest);
  }
  return std::nullopt;
}

}  // namespace stoker::weights
