// Animated files of two frames, made from the golden images of one.
#pragma once

#include <string>
#include <string_view>

#include "decode/golden_images.h"

namespace stoker::test {

inline std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string big_endian(uint32_t value, int bytes = 4) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}
inline std::string little_endian(uint32_t value, int bytes = 4) {
  const std::string text = big_endian(value, bytes);
  return {text.rbegin(), text.rend()};
}

// With the CRC-32 of PNG.
inline std::string png_chunk(std::string_view kind, const std::string& content) {
  const std::string body = std::string(kind) + content;
  uint32_t crc = ~0u;
  for (const char c : body) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
  }
  return big_endian(static_cast<uint32_t>(content.size())) + body + big_endian(~crc);
}

// APNG: the golden image "png rgb 8", then its data again as a second frame.
inline std::string animated_png() {
  const GoldenImage& golden = golden_image("png rgb 8");
  const std::string still = text_of(golden.file);
  const size_t data_at = still.find("IDAT") - 4;
  const std::string data = still.substr(data_at + 8, still.size() - 12 - 4 - (data_at + 8));
  const auto control = [&](uint32_t number) {
    return png_chunk("fcTL", big_endian(number) + big_endian(uint32_t(golden.width)) +
                                 big_endian(uint32_t(golden.height)) + big_endian(0) +
                                 big_endian(0) + big_endian(0x00010001) + std::string(2, '\0'));
  };
  const size_t after_head = 8 + 25;
  return still.substr(0, after_head) + png_chunk("acTL", big_endian(2) + big_endian(0)) +
         control(0) + still.substr(after_head, still.size() - 12 - after_head) + control(1) +
         png_chunk("fdAT", big_endian(2) + data) + png_chunk("IEND", "");
}

// The golden image "webp lossless" as both frames.
inline std::string animated_webp() {
  const GoldenImage& golden = golden_image("webp lossless");
  const std::string picture = text_of(Bytes(golden.file).subspan(12));
  const std::string size =
      little_endian(uint32_t(golden.width) - 1, 3) + little_endian(uint32_t(golden.height) - 1, 3);
  const auto chunk = [](std::string_view kind, const std::string& content) {
    return std::string(kind) + little_endian(static_cast<uint32_t>(content.size())) + content;
  };
  const std::string frame = chunk(
      "ANMF", std::string(6, '\0') + size + little_endian(100, 3) + std::string(1, '\0') + picture);
  const std::string body = "WEBP" + chunk("VP8X", std::string("\x02\0\0\0", 4) + size) +
                           chunk("ANIM", std::string(6, '\0')) + frame + frame;
  return chunk("RIFF", body);
}

}  // namespace stoker::test
