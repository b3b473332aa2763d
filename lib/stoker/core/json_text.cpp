#include "stoker/core/json_text.h"

#include <nlohmann/json.hpp>

#include "stoker/core/text.h"

namespace stoker {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <class Json>
class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  void write(const Json& value, int depth) {
    if (value.is_string()) {
      text_ += json_string(value.template get_ref<const std::string&>());
    } else if (value.is_object() || value.is_array()) {
      write_items(value, depth);
    } else {
      text_ += value.dump();
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void write_items(const Json& value, int depth) {
    const bool is_object = value.is_object();
    text_ += is_object ? '{' : '[';
    bool is_first = true;
    for (const auto& [key, item] : value.items()) {
      if (!is_first) text_ += ',';
      is_first = false;
      break_line(depth + 1);
      if (is_object) text_ += json_string(key) + (indent_ < 0 ? ":" : ": ");
      write(item, depth + 1);
    }
    if (!value.empty()) break_line(depth);
    text_ += is_object ? '}' : ']';
  }

  void break_line(int depth) {
    if (indent_ < 0) return;
    text_ += '\n';
    text_.append(static_cast<size_t>(indent_) * static_cast<size_t>(depth), ' ');
  }

  int indent_;
  std::string text_;
};

template <class Json>
std::string write(const Json& value, int indent) {
  Writer<Json> writer(indent);
  writer.write(value, 0);
  return writer.take();
}

// nlohmann's parser takes lone surrogates for mistakes, so they go through it as pairs of
// characters: kMark and the byte as U+0080 … U+00FF. A kMark that was there already is doubled.
constexpr std::string_view kMark = "\xF4\x8F\xBF\xBF";  // U+10FFFF, a noncharacter
constexpr std::string_view kMarkEscaped = "\\udbff\\udfff";

char folded(char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; }

// The escape \uXXXX that `text` begins with, in lower case; "" if there is none.
std::string escape_at(std::string_view text) {
  if (!text.starts_with("\\u") || text.size() < 6) return "";
  std::string escape(text.substr(0, 6));
  for (char& c : escape) c = folded(c);
  return escape;
}

bool is_surrogate(std::string_view escape, char first, char last) {
  return escape.starts_with("\\ud") && escape[3] >= first && escape[3] <= last;
}

std::string with_marks(std::string_view text) {
  std::string marked;
  marked.reserve(text.size());
  const auto take = [&](size_t size) {
    marked += text.substr(0, size);
    text.remove_prefix(std::min(size, text.size()));
  };
  while (!text.empty()) {
    const std::string escape = escape_at(text);
    if (text.starts_with(kMark)) {
      marked += kMark;
      take(kMark.size());
    } else if (is_surrogate(escape, '8', 'b')) {  // the first of a pair
      const bool is_mark = escape + escape_at(text.substr(6)) == kMarkEscaped;
      if (is_mark) marked += kMark;
      take(12);
    } else if (escape >= "\\udc80" && escape <= "\\udcff") {
      marked += kMark;
      marked += "\\u00" + escape.substr(4);
      text.remove_prefix(escape.size());
    } else {
      take(text[0] == '\\' ? 2 : 1);
    }
  }
  return marked;
}

std::string without_marks(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (!text.starts_with(kMark)) {
      const size_t size = std::min(text.find(kMark), text.size());
      bytes += text.substr(0, size);
      text.remove_prefix(size);
      continue;
    }
    text.remove_prefix(kMark.size());
    if (text.starts_with(kMark)) {
      bytes += kMark;
      text.remove_prefix(kMark.size());
    } else if (text.size() >= 2) {  // U+0080 … U+00BF is C2 80 … BF, U+00C0 … U+00FF is C3 80 … BF
      bytes += static_cast<char>(text[1] + (text[0] == '\xC3' ? 0x40 : 0));
      text.remove_prefix(2);
    }
  }
  return bytes;
}

template <class Json>
Json unmarked(const Json& value) {
  if (value.is_string()) return without_marks(value.template get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json result = value.is_object() ? Json::object() : Json::array();
  for (const auto& [key, item] : value.items()) {
    if (value.is_object())
      result[without_marks(key)] = unmarked(item);
    else
      result.push_back(unmarked(item));
  }
  return result;
}

template <class Json>
Json parse(std::string_view text, bool throws) {
  // Nearly all JSON has no lone surrogate, and goes straight through.
  if (text.find("\\udc") == std::string_view::npos &&
      text.find("\\uDC") == std::string_view::npos &&
      text.find("\\uDc") == std::string_view::npos && text.find("\\udC") == std::string_view::npos)
    return Json::parse(text, nullptr, throws);
  const Json marked = Json::parse(with_marks(text), nullptr, throws);
  return marked.is_discarded() ? marked : unmarked(marked);
}

}  // namespace

std::string json_text(const json& value, int indent) { return write(value, indent); }
std::string json_text(const ordered_json& value, int indent) { return write(value, indent); }

json parse_json(std::string_view text) { return parse<json>(text, true); }
json try_parse_json(std::string_view text) { return parse<json>(text, false); }
ordered_json try_parse_ordered_json(std::string_view text) {
  return parse<ordered_json>(text, false);
}

}  // namespace stoker
