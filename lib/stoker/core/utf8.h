// Where the characters of UTF-8 end, for whoever must not trust that text is UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace stoker {

// Length of the well-formed UTF-8 character that `bytes` begin with; 0 if there is none. Overlong
// forms, surrogates and what lies beyond U+10FFFF are none (Unicode 15, table 3-7).
size_t utf8_length(std::string_view bytes);

// Whether the character that `bytes` begin with, of that length, is a control: U+0000 … U+001F,
// U+007F and U+0080 … U+009F, which terminals obey as they do an escape sequence.
bool is_control(std::string_view bytes, size_t length);

}  // namespace stoker
