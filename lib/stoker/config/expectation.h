// The words of messages: what a field takes, what was read instead, what was probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "stoker/config/choice.h"
#include "stoker/config/fields.h"
#include "stoker/config/node.h"

namespace stoker::config {

// "a whole number at least 1", "one of fp32, bf16", "a list of numbers above 0".
std::string expectation(const Field& field);
// The same for one item of a list of words or numbers.
std::string item_expectation(const Field& field);
// The limits of a number: "at least 1", "from 0 to 1", or "".
std::string limits(const Field& field);
// The words that may stand in the field besides numbers: of an enum or one_of.
std::vector<std::string_view> words_of(const Field& field);
// "one of sgd, adam, adamw".
std::string names_of(const Alternatives& table);

// `read "big", expected a whole number at least 1`.
std::string expected_instead(const Node& node, const std::string& expected);
// A list's item with several keys: most often options that are not indented enough.
std::string several_keys(const Node& item);

// "; did you mean `momentum`?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
// The same for a key; lists all keys when none is near.
std::string suggest_key(std::string_view key, std::span<const std::string_view> candidates);
// What to do about a value that does not fit the field, or "".
std::string hint(const Node& node, const Field& field);
// A key as a message shows it.
std::string show_key(std::string_view key);

}  // namespace stoker::config
