#include "stoker/core/lines.h"

#include <algorithm>
#include <optional>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker {

namespace {

// The content of a line in quotes; nothing where a quote inside stands alone.
std::optional<std::string> unquoted(std::string_view line) {
  line = trimmed(line);
  if (line.size() < 2 || line.front() != '"' || line.back() != '"') return std::nullopt;
  line = line.substr(1, line.size() - 2);
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      ++i;
      if (i == line.size() || line[i] != '"') return std::nullopt;
    }
    text += line[i];
  }
  return text;
}

void refuse_zero_bytes(std::string_view text, std::string_view name) {
  const size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return;
  throw DataError(fmt::format("{}: a zero byte in line {}: expected text, a line for each entry",
                              shown(name), 1 + std::ranges::count(text.substr(0, zero), '\n')));
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text, std::string_view name) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw DataError(
        fmt::format("{}: the text is UTF-16, expected UTF-8; save it as UTF-8 (iconv -f UTF-16 -t "
                    "UTF-8)",
                    shown(name)));
  refuse_zero_bytes(text, name);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::vector<std::string_view> text_lines(std::string_view text, std::string_view name) {
  text = without_byte_order_mark(text, name);
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<size_t>(text.size(), 1));
  }
  while (!lines.empty() && trimmed(lines.back()).empty()) lines.pop_back();
  return lines;
}

std::string from_line(std::string_view line) { return unquoted(line).value_or(std::string(line)); }

std::string as_line(std::string_view text) {
  if (!unquoted(text)) return std::string(text);
  std::string line = "\"";
  for (const char c : text) line += c == '"' ? "\"\"" : std::string(1, c);
  return line + '"';
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return result;
}

}  // namespace stoker
