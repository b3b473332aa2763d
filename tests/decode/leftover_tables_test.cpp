// JPEGs that lack tables, as frames of Motion JPEG do, must not be decoded with those that the file
// before left in the decoder.
#include <cstring>

#include "data/files.h"
#include "decode/make_jpeg.h"
#include "stoker/core/error.h"
#include "stoker/decode/decode.h"
#include "support/catch.h"

namespace stoker::decode {
namespace {

using test::JpegKind;

// Without the header segments of this kind.
std::vector<std::byte> without(const std::vector<std::byte>& file, uint8_t marker) {
  std::vector<std::byte> out(file.begin(), file.begin() + 2);
  size_t at = 2;
  while (file[at + 1] != std::byte{0xDA}) {  // up to the first scan
    const size_t size = 2 + (size_t(file[at + 2]) << 8) + size_t(file[at + 3]);
    if (file[at + 1] != std::byte{marker})
      out.insert(out.end(), file.begin() + std::ptrdiff_t(at),
                 file.begin() + std::ptrdiff_t(at + size));
    at += size;
  }
  out.insert(out.end(), file.begin() + std::ptrdiff_t(at), file.end());
  return out;
}

// The pixels, or nothing where it is refused.
std::vector<uint8_t> pixels_of(Decoder& decoder, Bytes file) {
  std::vector<uint8_t> buffer;
  try {
    const kernels::ImageView image = decoder.decode(file, "image", buffer);
    return {image.pixels, image.pixels + image.row_bytes * image.height};
  } catch (const DataError&) {
    return {};
  }
}

TEST_CASE("a JPEG without its own tables decodes alike whatever came before", "[decode]") {
  for (const bool progressive : {false, true})
    for (const uint8_t marker : {uint8_t{0xC4}, uint8_t{0xDB}}) {  // DHT, DQT
      CAPTURE(progressive, int(marker));
      const auto bare =
          without(test::make_jpeg({.progressive = progressive, .optimize = false}), marker);
      Decoder fresh;
      const std::vector<uint8_t> alone = pixels_of(fresh, bare);
      for (const JpegKind& kind : test::hostile_kinds()) {
        Decoder used;
        REQUIRE_FALSE(pixels_of(used, test::make_jpeg(kind)).empty());
        CHECK((pixels_of(used, bare) == alone));
      }
    }
}

TEST_CASE("a frame of Motion JPEG has the tables of the standard", "[decode]") {
  const auto whole = test::make_jpeg({.optimize = false});
  Decoder decoder;
  const std::vector<uint8_t> expected = pixels_of(decoder, whole);
  REQUIRE_FALSE(pixels_of(decoder, test::make_jpeg({.optimize = true, .seed = 5})).empty());
  CHECK((pixels_of(decoder, without(whole, 0xC4)) == expected));
}

TEST_CASE("many JPEGs through one decoder keep their pixels", "[decode]") {
  const auto kinds = test::hostile_kinds();
  std::vector<std::vector<uint8_t>> expected;
  std::vector<std::vector<std::byte>> files;
  for (const JpegKind& kind : kinds) {
    Decoder fresh;
    files.push_back(test::make_jpeg(kind));
    expected.push_back(pixels_of(fresh, files.back()));
  }
  Decoder decoder;
  for (size_t i = 0; i < 500; ++i)
    CHECK((pixels_of(decoder, files[i % files.size()]) == expected[i % files.size()]));
}

}  // namespace
}  // namespace stoker::decode
