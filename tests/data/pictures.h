// What the tests of shared_pixels.h share: pictures that tell whose pixels they have.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "stoker/data/shared_pixels.h"

namespace stoker::test {

inline data::PixelKey key_of(int i) {
  return data::pixel_key(as_bytes("image " + std::to_string(i)));
}

// All sizes different; every byte tells which image it is of.
struct Picture {
  std::vector<uint8_t> pixels;
  kernels::ImageView view;
  explicit Picture(int i) {
    const int width = 5 + i % 7, height = 3 + i % 11, channels = 1 + 2 * (i % 2);
    for (int j = 0; j < width * height * channels; ++j)
      pixels.push_back(static_cast<uint8_t>(31 * i + 7 * j));
    view = {pixels.data(), width, height, channels, int64_t{width} * channels};
  }
  bool is(const data::StoredPixels* stored) const {
    return stored != nullptr && stored->width == view.width && stored->height == view.height &&
           stored->channels == view.channels &&
           std::memcmp(stored->pixels(), pixels.data(), pixels.size()) == 0;
  }
};

inline const data::SharedPixelsOptions kOptions{.images = 300, .data_bytes = 1 << 20};

// Counters that forked processes share.
struct SharedCount {
  std::atomic<int>* value = static_cast<std::atomic<int>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ~SharedCount() { ::munmap(value, 4096); }
};

}  // namespace stoker::test
