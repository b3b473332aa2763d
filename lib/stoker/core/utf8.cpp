#include "stoker/core/utf8.h"

namespace stoker {

size_t utf8_length(std::string_view bytes) {
  const auto at = [&](size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
  };
  const auto continues = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      if ((at(i) & 0xC0u) != 0x80u) return false;
    return true;
  };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1, 2) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool is_good = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F);
    return is_good && continues(1, 3) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool is_good = !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
    return is_good && continues(1, 4) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view bytes, size_t length) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (length == 1) return at(0) < 0x20 || at(0) == 0x7F;
  return length == 2 && at(0) == 0xC2 && at(1) < 0xA0;
}

}  // namespace stoker
