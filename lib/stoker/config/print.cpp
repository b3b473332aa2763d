#include "stoker/config/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "stoker/core/shown.h"
#include "stoker/core/utf8.h"

namespace stoker::config {

namespace {

// Comments are aligned, but a few long lines do not push them all to the right.
constexpr size_t kMaxAlignedColumn = 48;

std::string escaped(std::string_view text) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\')
      quoted += fmt::format("\\{}", c);
    else if (c == '\n')
      quoted += "\\n";
    else if (c == '\t')
      quoted += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else if (utf8_length(text.substr(i)) == 2 && is_control(text.substr(i), 2))
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));  // U+0080 … U+009F
    else
      quoted += c;
  }
  return quoted + '"';
}

// Words that some YAML reader takes for a truth value or for nothing.
bool is_special_word(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string_view word :
       {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"})
    if (lower == word) return true;
  return false;
}

// Whether a terminal shows the text as it stands.
bool is_shown_as_is(std::string_view text) { return shown(text) == text; }

bool is_safe(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '/' ||
         c == '-' || c == '+' || c == '@' || c == '%' || c == '=' || c == ' ' || c == '(' ||
         c == ')' || static_cast<unsigned char>(c) >= 0x80;
}

// Whether text stands for itself without quotes for every reader, in `[a, b]` too.
bool is_plain_text(std::string_view text) {
  if (is_special_word(text) || !std::all_of(text.begin(), text.end(), is_safe) ||
      !is_shown_as_is(text))
    return false;
  const char first = text.front();
  if (text.back() == ' ') return false;
  if (first == '.' || first == '/') return text.find('/') != std::string_view::npos;
  return std::isalpha(static_cast<unsigned char>(first)) != 0 || first == '_';
}

// Whether text that stood without quotes may do so again where it is printed: `{a: -}` is a text,
// but `a: -` begins a list.
bool may_stay_bare(std::string_view text) {
  if (is_plain_text(text) || is_special_word(text)) return true;
  if (text.back() == ' ' || !std::all_of(text.begin(), text.end(), is_safe) ||
      !is_shown_as_is(text))
    return false;
  const size_t digits = text.find_first_not_of("+-.");  // as numbers begin
  return digits != std::string_view::npos && digits <= 2 &&
         std::isalnum(static_cast<unsigned char>(text[digits])) != 0;
}

std::string scalar_text(const Node& node) {
  if (node.is_null()) return "null";
  if (node.quoted ? is_plain_text(node.scalar) : may_stay_bare(node.scalar)) return node.scalar;
  return escaped(node.scalar);
}

std::string key_text(std::string_view key) {
  return is_plain_text(key) ? std::string(key) : escaped(key);
}

bool is_block(const Node& node) {
  if (node.is_map()) return !node.entries.empty();
  return node.is_list() && std::any_of(node.items.begin(), node.items.end(),
                                       [](const Node& item) { return item.is_map(); });
}

class Printer {
 public:
  std::string print(const Node& tree, const PrintOptions& options) {
    if (is_block(tree))
      add_block(tree, 0);
    else
      lines_.push_back({print_flow(tree), to_comment(tree.location)});
    return options.provenance ? with_comments() : without_comments();
  }

 private:
  struct Line {
    std::string text;
    std::string comment;
  };

  void add_block(const Node& node, size_t indent) {
    if (node.is_map()) {
      for (const Entry& entry : node.entries)
        add_value(std::string(indent, ' ') + key_text(entry.key) + ":", entry.value, indent + 2);
      return;
    }
    for (const Node& item : node.items) {
      // A block item begins on the line of its dash.
      const size_t first = lines_.size();
      if (is_block(item)) {
        add_block(item, indent + 2);
        lines_[first].text[indent] = '-';
      } else {
        add_value(std::string(indent, ' ') + "-", item, indent);
      }
    }
  }

  void add_value(const std::string& start, const Node& value, size_t indent) {
    if (is_block(value)) {
      lines_.push_back({start, ""});
      add_block(value, indent);
    } else {
      lines_.push_back({start + " " + print_flow(value), to_comment(value.location)});
    }
  }

  static std::string to_comment(const Location& location) {
    return location.origin == Origin::kOverride ? "override" : shown(to_string(location));
  }

  std::string with_comments() const {
    size_t column = 0;
    for (const Line& line : lines_)
      if (!line.comment.empty() && line.text.size() <= kMaxAlignedColumn)
        column = std::max(column, line.text.size());
    std::string text;
    for (const Line& line : lines_)
      text += line.comment.empty() ? line.text + "\n"
                                   : fmt::format("{:<{}}  # {}\n", line.text, column, line.comment);
    return text;
  }

  std::string without_comments() const {
    std::string text;
    for (const Line& line : lines_) text += line.text + "\n";
    return text;
  }

  std::vector<Line> lines_;
};

}  // namespace

std::string print_flow(const Node& value) {
  std::vector<std::string> parts;
  if (value.is_map()) {
    for (const Entry& entry : value.entries)
      parts.push_back(key_text(entry.key) + ": " + print_flow(entry.value));
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }
  if (!value.is_list()) return scalar_text(value);
  for (const Node& item : value.items) parts.push_back(print_flow(item));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string print_yaml(const Node& tree, const PrintOptions& options) {
  return Printer().print(tree, options);
}

}  // namespace stoker::config
