// Letters of 5 x 7 dots, for where no font is installed: A to Z, digits, some punctuation. Lower
// case is drawn as upper case, everything else as a box.
#pragma once

#include <array>
#include <cstdint>

namespace stoker::draw {

// Seven rows from the top; bit 4 is the left dot.
using AsciiLetter = std::array<uint8_t, 7>;
const AsciiLetter& ascii_letter(char c);

}  // namespace stoker::draw
