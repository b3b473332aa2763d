#include "stoker/draw/code_points.h"

#include <optional>

namespace stoker::draw {
namespace {

struct Decoded {
  char32_t value;
  size_t bytes;
};

// The shortest form alone, no surrogates, nothing above U+10FFFF (RFC 3629).
std::optional<Decoded> decode_front(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return Decoded{lead, 1};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return std::nullopt;
  char32_t value = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return std::nullopt;
    value = value << 6 | (next & 0x3Fu);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[bytes] || is_surrogate || value > 0x10FFFF) return std::nullopt;
  return Decoded{value, bytes};
}

bool is_control(char32_t value) { return value < 0x20 || (value >= 0x7F && value < 0xA0); }

}  // namespace

std::u32string code_points(std::string_view utf8) {
  std::u32string points;
  while (!utf8.empty()) {
    const Decoded next = decode_front(utf8).value_or(Decoded{kReplacement, 1});
    points += is_control(next.value) ? kReplacement : next.value;
    utf8.remove_prefix(next.bytes);
  }
  return points;
}

}  // namespace stoker::draw
