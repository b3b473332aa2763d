// Text as Unicode code points.
#pragma once

#include <string>
#include <string_view>

namespace stoker::draw {

inline constexpr char32_t kReplacement = U'\uFFFD';

// Of UTF-8. Bytes that are no UTF-8 become U+FFFD, one each; so do control characters.
std::u32string code_points(std::string_view utf8);

}  // namespace stoker::draw
