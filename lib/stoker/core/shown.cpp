#include "stoker/core/shown.h"

#include <fmt/format.h>

#include <algorithm>

#include "stoker/core/utf8.h"

namespace stoker {
namespace {

std::string escaped(std::string_view bytes) {
  if (bytes == "\n") return "\\n";
  if (bytes == "\t") return "\\t";
  if (bytes == "\r") return "\\r";
  std::string text;
  for (const char byte : bytes) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string shown(std::string_view text, bool keeps_lines) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
    const bool is_kept =
        length > 0 && (!is_control(text, length) || (keeps_lines && character == "\n"));
    line += is_kept ? std::string(character) : escaped(character);
    text.remove_prefix(character.size());
  }
  return line;
}

}  // namespace

std::string shown(std::string_view text) { return shown(text, false); }
std::string shown_message(std::string_view text) { return shown(text, true); }

}  // namespace stoker
