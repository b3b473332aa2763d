// Letters of 5 x 7 pixels for labels in pictures: A to Z, digits, some punctuation. Lower case is
// drawn as upper case, everything else as a box.
#pragma once

#include <array>
#include <cstdint>

namespace stoker::inspect {

// Seven rows from the top; bit 4 is the left pixel.
using Glyph = std::array<uint8_t, 7>;
const Glyph& glyph_of(char c);

}  // namespace stoker::inspect
