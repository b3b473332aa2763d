#include "stoker/config/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stoker::config {

namespace {

// Longest piece of a value that a message repeats.
constexpr size_t kShownBytes = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Removes the digits at the front; says whether there were any.
bool take_digits(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  text.remove_prefix(n);
  return n > 0;
}

void skip_sign(std::string_view& text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
PlainType number_type(std::string_view text) {
  skip_sign(text);
  const bool whole = take_digits(text);
  if (text.empty()) return whole ? PlainType::kInteger : PlainType::kText;
  bool fraction = false;
  if (text[0] == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (!whole && !fraction) return PlainType::kText;
  if (text.empty()) return PlainType::kNumber;
  if (text[0] != 'e' && text[0] != 'E') return PlainType::kText;
  text.remove_prefix(1);
  skip_sign(text);
  return take_digits(text) && text.empty() ? PlainType::kNumber : PlainType::kText;
}

}  // namespace

std::string to_string(const Location& location) {
  if (location.origin == Origin::kDefault) return "default";
  if (location.origin == Origin::kOverride) return fmt::format("override `{}`", location.source);
  if (location.line == 0) return location.source;
  return fmt::format("{}:{}", location.source, location.line);
}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

void Node::set(std::string key, Node value) {
  if (Node* old = find(key)) {
    *old = std::move(value);
  } else {
    Location at = value.location;
    entries.push_back({std::move(key), std::move(at), std::move(value)});
  }
}

Node make_scalar(std::string text, bool quoted, Location location) {
  Node node;
  node.kind = Kind::kScalar;
  node.scalar = std::move(text);
  node.quoted = quoted;
  node.location = std::move(location);
  return node;
}

PlainType plain_type(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return PlainType::kNull;
  if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return PlainType::kBool;
  return number_type(text);
}

std::string show_text(std::string_view text) {
  std::string shown = "\"";
  size_t size = std::min(text.size(), kShownBytes);
  // Never cut within a character.
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  for (const char c : text.substr(0, size)) {
    if (c == '\n')
      shown += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      shown += c;
  }
  return shown + (size < text.size() ? "…\"" : "\"");
}

std::string show(const Node& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  if (!node.quoted && plain_type(node.scalar) != PlainType::kText &&
      node.scalar.size() <= kShownBytes)
    return node.scalar;
  return show_text(node.scalar);
}

}  // namespace stoker::config
