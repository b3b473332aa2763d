#include "stoker/config/expectation.h"

#include <fmt/format.h>

#include <cmath>

#include "stoker/config/values.h"
#include "stoker/core/text.h"

namespace stoker::config {

namespace {

// One word for a scalar type in the singular and the plural.
struct TypeName {
  std::string_view one, many;
};
constexpr TypeName kBool{"true or false", "truth values"};
constexpr TypeName kInteger{"a whole number", "whole numbers"};
constexpr TypeName kNumber{"a number", "numbers"};
constexpr TypeName kText{"text", "texts"};

constexpr TypeName name_of(const bool*) { return kBool; }
constexpr TypeName name_of(const int64_t*) { return kInteger; }
constexpr TypeName name_of(const double*) { return kNumber; }
constexpr TypeName name_of(const std::string*) { return kText; }

std::string with_limits(std::string_view name, const Field& field) {
  const std::string bounds = limits(field);
  return bounds.empty() ? std::string(name) : fmt::format("{} {}", name, bounds);
}

std::string one_of(std::span<const std::string_view> words) {
  return (words.size() == 1 ? "" : "one of ") + join(words, ", ");
}

struct Expectation {
  const Field& field;

  std::string one(TypeName name) const {
    return field.allowed.empty() ? with_limits(name.one, field) : one_of(field.allowed);
  }
  template <class T>
  std::string operator()(T* value) const {
    return one(name_of(value));
  }
  template <class T>
  std::string operator()(std::optional<T>*) const {
    return fmt::format("{} or `{}`", one(name_of(static_cast<T*>(nullptr))), field.unset_word);
  }
  template <class T>
  std::string operator()(std::vector<T>*) const {
    const TypeName name = name_of(static_cast<T*>(nullptr));
    if (!field.allowed.empty()) return "a list of " + join(field.allowed, ", ");
    return "a list of " + with_limits(name.many, field);
  }
  std::string operator()(const EnumRef& ref) const { return one_of(ref.names); }
  std::string operator()(const StructRef&) const { return "keys with their values"; }
  std::string operator()(const StructListRef&) const {
    return "a list of items with keys and values";
  }
  std::string operator()(const ChoiceRef& ref) const {
    return fmt::format("{}, or a map with that `name` and its options", names_of(*ref.table));
  }
  std::string operator()(const ChoiceListRef& ref) const {
    std::vector<std::string_view> names;
    for (const Alternative& row : ref.table->rows()) names.push_back(row.name);
    return "a list of " + join(names, ", ");
  }
};

struct ItemExpectation {
  const Field& field;

  template <class T>
  std::string operator()(std::vector<T>*) const {
    return Expectation{field}.one(name_of(static_cast<T*>(nullptr)));
  }
  template <class T>
  std::string operator()(const T&) const {
    return expectation(field);
  }
};

bool holds_number(const Field& field) {
  return std::holds_alternative<int64_t*>(field.ref) ||
         std::holds_alternative<double*>(field.ref) ||
         std::holds_alternative<std::optional<int64_t>*>(field.ref) ||
         std::holds_alternative<std::optional<double>*>(field.ref) ||
         std::holds_alternative<std::vector<int64_t>*>(field.ref) ||
         std::holds_alternative<std::vector<double>*>(field.ref);
}

}  // namespace

std::string limits(const Field& field) {
  const bool low = std::isfinite(field.minimum), high = std::isfinite(field.maximum);
  const std::string minimum = number_text(field.minimum), maximum = number_text(field.maximum);
  if (low && high && !field.minimum_excluded) return fmt::format("from {} to {}", minimum, maximum);
  std::string text;
  if (low) text = fmt::format("{} {}", field.minimum_excluded ? "above" : "at least", minimum);
  if (high) text += fmt::format("{}at most {}", low ? " and " : "", maximum);
  return text;
}

std::string expectation(const Field& field) { return std::visit(Expectation{field}, field.ref); }

std::string item_expectation(const Field& field) {
  return std::visit(ItemExpectation{field}, field.ref);
}

std::vector<std::string_view> candidate_words(const Field& field) {
  if (const auto* ref = std::get_if<EnumRef>(&field.ref))
    return {ref->names.begin(), ref->names.end()};
  return field.allowed;
}

std::string names_of(const Alternatives& table) {
  std::vector<std::string_view> names;
  for (const Alternative& row : table.rows()) names.push_back(row.name);
  return one_of(names);
}

std::string expected_instead(const Node& node, const std::string& expected) {
  return fmt::format("read {}, expected {}", show(node), expected);
}

std::string several_keys(const Node& item) {
  if (item.entries.empty()) return "read an empty map, expected a name such as `- flip`";
  std::vector<std::string> keys;
  for (const Entry& entry : item.entries) keys.push_back(show_key(entry.key));
  if (keys.size() > 4) keys = {keys[0], keys[1], keys[2], "…"};
  return fmt::format(
      "read the {} keys {}, expected one name with its options below it; "
      "indent the options deeper than the name",
      item.entries.size(), fmt::join(keys, ", "));
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format("; did you mean `{}`?", near);
}

std::string suggest_key(std::string_view key, std::span<const std::string_view> candidates) {
  std::string suggestion = did_you_mean(key, candidates);
  if (!suggestion.empty()) return suggestion;
  if (candidates.empty()) return "; there are no options here";
  return fmt::format("; the keys here are {}", join(candidates, ", "));
}

std::string hint(const Node& node, const Field& field) {
  if (!node.is_scalar()) return "";
  const PlainType type = plain_type(node.scalar);
  const bool number = type == PlainType::kInteger || type == PlainType::kNumber;
  if (holds_number(field)) {
    if (number && node.quoted) return "; remove the quotes";
    if (number && !parse_number(node.scalar)) return "; it is too large or too small for a number";
    if (type == PlainType::kInteger && !parse_integer(node.scalar) &&
        expectation(field).find("whole") != std::string::npos) {
      const std::string_view digits = std::string_view(node.scalar).substr(node.scalar[0] == '-');
      return digits[0] == '0' ? "; remove the leading zero" : "; it does not fit in 64 bits";
    }
    return "";
  }
  if (std::holds_alternative<bool*>(field.ref))
    return type == PlainType::kBool ? "; remove the quotes" : "";
  return did_you_mean(node.scalar, candidate_words(field));
}

std::string show_key(std::string_view key) {
  const std::string quoted = show_text(key);
  const bool plain = !key.empty() && quoted.size() == key.size() + 2 &&
                     key.find_first_of(" .:\"'\t") == std::string_view::npos &&
                     std::string_view(quoted).substr(1, key.size()) == key;
  return plain ? std::string(key) : quoted;
}

}  // namespace stoker::config
