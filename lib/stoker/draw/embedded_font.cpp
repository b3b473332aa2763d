#include "stoker/draw/embedded_font.h"

#ifdef STOKER_EMBEDDED_FONT

// The assembler takes the file as it is: an array of its bytes would take seconds to compile.
asm(".pushsection .rodata\n"
    ".balign 16\n"
    ".hidden stoker_font_begin\n"
    ".globl stoker_font_begin\n"
    "stoker_font_begin:\n"
    ".incbin \"" STOKER_EMBEDDED_FONT
    "\"\n"
    ".hidden stoker_font_end\n"
    ".globl stoker_font_end\n"
    "stoker_font_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" const std::byte stoker_font_begin[], stoker_font_end[];

namespace stoker::draw {
std::span<const std::byte> embedded_font() { return {stoker_font_begin, stoker_font_end}; }
}  // namespace stoker::draw

#else

namespace stoker::draw {
std::span<const std::byte> embedded_font() { return {}; }
}  // namespace stoker::draw

#endif
