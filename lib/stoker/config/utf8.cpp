#include "stoker/config/utf8.h"

#include <fmt/format.h>

#include <cstdint>

namespace stoker::config {

namespace {

// Bytes of the UTF-8 sequence at the front of `text`, or 0 if it is broken, overlong, a surrogate
// or beyond U+10FFFF (RFC 3629, section 4).
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    if (is_control(c)) return TextFault{line, fmt::format("a control character ({:#04x})", c)};
    const size_t length = sequence_length(text);
    if (length == 0) return TextFault{line, fmt::format("not UTF-8 text (byte {:#04x})", c)};
    if (c == '\n') ++line;
    text.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace stoker::config
