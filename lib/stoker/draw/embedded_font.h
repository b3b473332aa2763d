// The font that the program carries, for machines without one: DejaVu Sans, where the build found
// it (STOKER_FONT in this room's CMakeLists.txt).
#pragma once

#include <cstddef>
#include <span>

namespace stoker::draw {

// The bytes of a font's file; empty where the build found none.
std::span<const std::byte> embedded_font();

}  // namespace stoker::draw
