// Alpha composited on black, in place: what remains of a transparent image without its alpha.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoker::decode {

// pixels: `count` pixels of Colors channels and alpha, interleaved; they become Colors channels.
template <int Colors>
void drop_alpha_in_place(uint8_t* pixels, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* in = pixels + i * (Colors + 1);
    const unsigned alpha = in[Colors];
    for (int c = 0; c < Colors; ++c) {
      const unsigned product = in[c] * alpha + 128;
      pixels[i * Colors + c] = static_cast<uint8_t>((product + (product >> 8)) >> 8);
    }
  }
}

}  // namespace stoker::decode
