#include "stoker/weights/name_rules.h"

#include <algorithm>
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

struct Operation {
  char sign = '+';
  int64_t operand = 0;
};

// "#2-1/2" in a replacement, behind the #.
struct Reference {
  size_t number = 0;  // from 0
  std::vector<Operation> operations;
  size_t length = 0;  // of its text
};

Reference reference_at(std::string_view text) {
  STOKER_CHECK(!text.empty() && is_digit(text[0]) && text[0] != '0', "#{} is no number", text);
  Reference reference{.number = static_cast<size_t>(text[0] - '1'), .operations = {}, .length = 1};
  constexpr std::string_view kSigns = "+-/";
  while (text.size() > reference.length + 1 &&
         kSigns.find(text[reference.length]) != std::string_view::npos &&
         is_digit(text[reference.length + 1])) {
    reference.operations.push_back({text[reference.length], text[reference.length + 1] - '0'});
    reference.length += 2;
  }
  return reference;
}

int64_t apply(const Reference& reference, const std::vector<int64_t>& numbers) {
  STOKER_CHECK(reference.number < numbers.size(), "number {} of {}", reference.number,
               numbers.size());
  int64_t number = numbers[reference.number];
  for (const auto& [sign, operand] : reference.operations) {
    if (sign == '/')
      number /= operand;
    else
      number += sign == '+' ? operand : -operand;
  }
  return number;
}

int64_t undo(const Reference& reference, int64_t number) {
  for (auto at = reference.operations.rbegin(); at != reference.operations.rend(); ++at) {
    if (at->sign == '/')
      number *= at->operand;
    else
      number += at->sign == '+' ? -at->operand : at->operand;
  }
  return number;
}

// What a rule's pattern matched where it made `name`; a number that is not in the name is -1.
std::optional<Match> match_back(std::string_view name, const NameRule& rule) {
  const auto count = static_cast<size_t>(std::count(rule.pattern.begin(), rule.pattern.end(), '#'));
  Match match{.numbers = std::vector<int64_t>(count, -1), .rest = name};
  const std::string_view text = rule.replacement;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '#') {
      if (!match.rest.starts_with(text[i])) return std::nullopt;
      match.rest.remove_prefix(1);
      continue;
    }
    const Reference reference = reference_at(text.substr(i + 1));
    const size_t digits = digits_of(match.rest);
    if (digits == 0) return std::nullopt;
    const int64_t number = std::stoll(std::string(match.rest.substr(0, digits)));
    match.numbers.at(reference.number) = undo(reference, number);
    match.rest.remove_prefix(digits);
    i += reference.length;
  }
  return match;
}

std::string with_numbers(std::string_view pattern, const Match& match) {
  std::string text;
  int64_t last = 0;
  size_t index = 0;
  for (const char c : pattern) {
    if (c != '#') {
      text += c;
      continue;
    }
    const int64_t number = match.numbers[index++];
    last = number < 0 ? last : number;
    text += std::to_string(last);
  }
  return text + std::string(match.rest);
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
      const Reference reference = reference_at(std::string_view(rule.replacement).substr(i + 1));
      text += std::to_string(apply(reference, found->numbers));
      i += reference.length;
    }
    return rule.replacement.empty() ? "" : text + std::string(found->rest);
  }
  return std::nullopt;
}

std::optional<std::string> respelled(std::string_view name, std::span<const NameRule> rules) {
  for (const NameRule& rule : rules) {
    if (rule.replacement.empty()) continue;
    const std::optional<Match> found = match_back(name, rule);
    if (!found) continue;
    std::string theirs = with_numbers(rule.pattern, *found);
    if (renamed(theirs, rules) == name) return theirs;
  }
  return std::nullopt;
}

}  // namespace stoker::weights
