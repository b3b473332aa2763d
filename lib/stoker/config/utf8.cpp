#include "stoker/config/utf8.h"

#include <fmt/format.h>

#include "stoker/core/utf8.h"

namespace stoker::config {

namespace {

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    if (is_control(c)) return TextFault{line, fmt::format("a control character ({:#04x})", c)};
    const size_t length = utf8_length(text);
    if (length == 0) return TextFault{line, fmt::format("not UTF-8 text (byte {:#04x})", c)};
    if (c == '\n') ++line;
    text.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace stoker::config
