// Image files that anyone may have made, and what is asked of them.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/decode/decode.h"
#include "support/fuzz.h"

namespace stoker::test {

// The whole image. Sound: of the size that a crop is drawn for from the header, every pixel there.
inline Verdict judge_image(decode::Decoder& decoder, Bytes file) {
  std::vector<uint8_t> buffer;
  try {
    const kernels::ImageView image = decoder.decode(file, "hostile", buffer);
    const decode::ImageInfo info = decoder.probe(file, "hostile");
    int sum = 0;
    for (int32_t y = 0; y < image.height; ++y)
      for (int32_t i = 0; i < image.width * image.channels; ++i) sum += image.at(0, y)[i] > 0;
    const bool is_sound = image.width > 0 && sum >= 0 && info.width == image.width &&
                          info.height == image.height && info.channels == image.channels;
    return is_sound ? Verdict::kSound : Verdict::kUnsound;
  } catch (const DataError&) {
    return Verdict::kRefused;
  }
}

// Some region of what the header says, maybe shrunk. Sound: every pixel there, and where the whole
// image decodes too and nothing is shrunk, those of the whole image.
inline Verdict judge_region(decode::Decoder& decoder, Bytes file, RandomStream& random) {
  std::vector<uint8_t> buffer, whole_buffer;
  try {
    const decode::ImageInfo info = decoder.probe(file, "hostile");
    const int shrink = decode::allowed_shrink(info, 1 << random.below(4));
    const int32_t width = (info.width + shrink - 1) / shrink;
    const int32_t height = (info.height + shrink - 1) / shrink;
    kernels::Region region{int32_t(random.below(uint32_t(width))),
                           int32_t(random.below(uint32_t(height)))};
    region.width = 1 + int32_t(random.below(uint32_t(width - region.x)));
    region.height = 1 + int32_t(random.below(uint32_t(height - region.y)));
    const auto view = decoder.decode_region(file, "hostile", region, shrink, buffer);
    if (view.channels != info.channels) return Verdict::kUnsound;
    int sum = 0;
    for (int32_t y = region.y; y < region.y + region.height; ++y)
      for (int32_t i = 0; i < region.width * view.channels; ++i) sum += view.at(region.x, y)[i];
    if (sum < 0 || shrink != 1) return Verdict::kSound;
    try {
      const auto whole = decoder.decode(file, "hostile", whole_buffer);
      for (int32_t y = region.y; y < region.y + region.height; ++y)
        if (std::memcmp(whole.at(region.x, y), view.at(region.x, y),
                        size_t(region.width) * size_t(view.channels)) != 0)
          return Verdict::kUnsound;
    } catch (const DataError&) {
      // Damage outside of the region may go unnoticed.
    }
    return Verdict::kSound;
  } catch (const DataError&) {
    return Verdict::kRefused;
  }
}

}  // namespace stoker::test
