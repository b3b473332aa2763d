#include "stoker/core/lines.h"

#include <algorithm>

#include "stoker/core/error.h"

namespace stoker {

std::string_view without_byte_order_mark(std::string_view text, std::string_view name) {
  if (text.starts_with("\xEF\xBB\xBF")) return text.substr(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw DataError(
        fmt::format("{}: the text is UTF-16, expected UTF-8; save it as UTF-8 (iconv -f UTF-16 -t "
                    "UTF-8)",
                    name));
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

}  // namespace stoker
