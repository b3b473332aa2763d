#include "stoker/decode/jpeg_writer.h"

#include <algorithm>
#include <cmath>

#include "decode/golden_images.h"
#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::decode;

namespace {

// Value of the first segment with this marker ahead of the scan; -1 without one. DRI is 0xDD.
int restart_interval(Bytes file) {
  for (size_t at = 2; at + 4 < file.size();) {
    const auto byte = [&](size_t i) { return std::to_integer<int>(file[at + i]); };
    if (byte(1) == 0xDD) return byte(4) * 256 + byte(5);
    if (byte(1) == 0xDA) break;
    at += 2 + size_t(byte(2) * 256 + byte(3));
  }
  return -1;
}

// Baseline starts its frame with SOF0 (0xC0).
bool is_baseline(Bytes file) {
  for (size_t at = 2; at + 4 < file.size();) {
    const int marker = std::to_integer<int>(file[at + 1]);
    if (marker == 0xC0) return true;
    if (marker == 0xDA) return false;
    at += 2 + size_t(std::to_integer<int>(file[at + 2]) * 256 + std::to_integer<int>(file[at + 3]));
  }
  return false;
}

struct Decoded {
  std::vector<uint8_t> pixels;
  int32_t width, height, channels;
  bool operator==(const Decoded&) const = default;
};

Decoded decoded(Bytes file) {
  std::vector<uint8_t> buffer;
  const kernels::ImageView image = Decoder().decode(file, "x", buffer);
  buffer.resize(size_t(image.row_bytes * image.height));
  return {buffer, image.width, image.height, image.channels};
}

std::vector<uint8_t> smooth(int32_t width, int32_t height, int32_t channels) {
  std::vector<uint8_t> pixels;
  for (int32_t y = 0; y < height; ++y)
    for (int32_t x = 0; x < width; ++x)
      for (int32_t c = 0; c < channels; ++c)
        pixels.push_back(uint8_t(128 + 100 * std::sin(0.06 * x + 0.09 * y + c)));
  return pixels;
}

}  // namespace

TEST_CASE("jpeg writer: recoding leaves every pixel and the orientation as they are") {
  int recoded = 0;
  for (const test::GoldenImage& golden : test::golden_images()) {
    if (!golden.name.starts_with("jpeg")) continue;
    CAPTURE(golden.name);
    const auto file = recode_jpeg(golden.file, golden.name);
    const bool is_ink = golden.mode == "CMYK" || golden.mode == "YCCK";
    REQUIRE(file.has_value() == !is_ink);
    if (!file) continue;
    ++recoded;
    REQUIRE(decoded(*file) == decoded(golden.file));
    REQUIRE(is_baseline(*file));
    REQUIRE(restart_interval(*file) > 0);
    REQUIRE(Decoder().probe(*file, "x").orientation == golden.orientation);
  }
  REQUIRE(recoded > 10);
}

TEST_CASE("jpeg writer: what is encoded decodes to nearly the same, with a marker for each row") {
  for (const int32_t channels : {1, 3}) {
    const std::vector<uint8_t> pixels = smooth(70, 45, channels);
    const kernels::ImageView image{pixels.data(), 70, 45, channels, 70 * channels};
    const auto file = encode_jpeg(image, {.quality = 95});
    const Decoded back = decoded(file);
    REQUIRE(back.width == 70);
    REQUIRE(back.height == 45);
    REQUIRE(back.channels == channels);
    double squares = 0;
    for (size_t i = 0; i < pixels.size(); ++i) squares += std::pow(pixels[i] - back.pixels[i], 2);
    // Quality 95 of a smooth image: quantisation steps of a few levels, halved chroma.
    REQUIRE(std::sqrt(squares / double(pixels.size())) < 4);
    REQUIRE(restart_interval(file) == (channels == 1 ? 9 : 5));  // blocks of 8 or 16 in a row
    REQUIRE(restart_interval(encode_jpeg(image, {.restart_rows = false})) == -1);
    REQUIRE(encode_jpeg(image, {.quality = 20}).size() < file.size());
  }
}

TEST_CASE("jpeg writer: full chroma costs bytes, an impossible size is an error") {
  const std::vector<uint8_t> pixels = smooth(70, 45, 3);
  const kernels::ImageView image{pixels.data(), 70, 45, 3, 210};
  REQUIRE(restart_interval(encode_jpeg(image, {.halve_chroma = false})) == 9);
  std::vector<uint8_t> row(3 * 70'000);
  REQUIRE_THROWS_AS(encode_jpeg({row.data(), 70'000, 1, 3, 210'000}), DataError);
}

TEST_CASE("jpeg writer: what is no JPEG is refused by name") {
  REQUIRE_THROWS_WITH(recode_jpeg(as_bytes("\xFF\xD8\xFF\xE0 and nothing"), "a.jpg"),
                      Catch::Contains("a.jpg"));
}
