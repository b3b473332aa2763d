// The one rule for alpha: an image is composited on black, in 8 bits: round(color * alpha / 255).
//
// Deeper samples are scaled to 8 bits before. What is stored with its colors already multiplied
// (TIFF's associated alpha) only loses its alpha. A transparent palette entry has alpha 0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoker::decode {

// round(color * alpha / 255), exactly.
constexpr uint8_t on_black(unsigned color, unsigned alpha) {
  const unsigned product = color * alpha + 128;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

// pixels: `count` pixels of Colors channels and alpha, interleaved; they become Colors channels.
template <int Colors>
void drop_alpha_in_place(uint8_t* pixels, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* in = pixels + i * (Colors + 1);
    const unsigned alpha = in[Colors];
    for (int c = 0; c < Colors; ++c) pixels[i * Colors + c] = on_black(in[c], alpha);
  }
}

}  // namespace stoker::decode
