// Looks for what no text file should hold: broken UTF-8 and control characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stoker::config {

struct TextFault {
  int line = 1;  // from 1
  std::string problem;
};

// The first byte that does not belong, or nothing. Tab, line feed and carriage return may stand.
std::optional<TextFault> find_text_fault(std::string_view text);

}  // namespace stoker::config
