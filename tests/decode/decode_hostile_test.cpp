// Damaged and malicious image files: an error or an image, never a crash, a hang or a huge
// allocation. Run under sanitizers by scripts/test.sh.
#include "data/files.h"
#include "decode/golden_images.h"
#include "decode/hostile.h"
#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/decode/decode.h"
#include "stoker/decode/exif.h"
#include "support/catch.h"

namespace stoker::decode {
namespace {

using test::golden_image;

// Whether it decodes; anything but a DataError fails the test.
bool decodes(Decoder& decoder, Bytes file) {
  const test::Verdict verdict = test::judge_image(decoder, file);
  CHECK(verdict != test::Verdict::kUnsound);
  return verdict == test::Verdict::kSound;
}

TEST_CASE("an image cut anywhere is an error", "[decode][hostile]") {
  Decoder decoder;
  for (const char* name : {"jpeg rgb 4:2:0", "jpeg progressive rgb", "jpeg cmyk", "png rgb 8",
                           "png palette 4 transparent", "png rgb 16 interlaced"}) {
    CAPTURE(name);
    const std::vector<std::byte>& file = golden_image(name).file;
    // Only the end marker of a baseline JPEG may be missing: every pixel is there.
    const bool may_lack_end = std::string_view(name).starts_with("jpeg");
    for (size_t size = 0; size < file.size() - (may_lack_end ? 2 : 0); ++size) {
      CAPTURE(size);
      // An exact copy, so that a sanitizer sees one byte too many.
      const std::vector<std::byte> cut(file.begin(), file.begin() + std::ptrdiff_t(size));
      CHECK_FALSE(decodes(decoder, cut));
    }
    CHECK(decodes(decoder, file));
  }
}

TEST_CASE("a truncated JPEG says where it ends", "[decode][hostile]") {
  std::vector<uint8_t> buffer;
  const std::vector<std::byte>& file = golden_image("jpeg rgb 4:4:4").file;
  const std::string message = test::message_of<DataError>(
      [&] { Decoder().decode(Bytes(file).first(file.size() - 30), "dir/a.jpg", buffer); });
  CHECK_THAT(message, Catch::Contains("dir/a.jpg") && Catch::Contains("truncated"));
  CHECK_THAT(message, Catch::Contains(fmt::format("of {}", file.size() - 30)));
}

// libjpeg itself would fill the rest with gray and only warn.
TEST_CASE("a JPEG that lacks data before its end marker is an error", "[decode][hostile]") {
  Decoder decoder;
  for (const char* name : {"jpeg rgb 4:4:4", "jpeg gray", "jpeg restart markers"}) {
    CAPTURE(name);
    std::vector<std::byte> file = golden_image(name).file;
    file.erase(file.end() - 22, file.end() - 2);
    CHECK_FALSE(decodes(decoder, file));
  }
}

TEST_CASE("random damage never crashes", "[decode][hostile]") {
  Decoder decoder({.max_pixels = 1'000'000, .max_progressive_scans = 20});
  for (const test::GoldenImage& golden : test::golden_images()) {
    CAPTURE(golden.name);
    for (uint64_t round = 0; round < test::fuzz_rounds(60); ++round) {
      RandomStream random({.seed = 7, .sample = round}, Purpose::kPick);
      std::vector<std::byte> file = golden.file;
      const uint32_t changes = 1 + random.below(4);
      for (uint32_t i = 0; i < changes; ++i)
        file[random.below(uint32_t(file.size()))] = std::byte(random.below(256));
      decodes(decoder, file);
    }
  }
}

// Sets a big-endian number in a copy.
std::vector<std::byte> patched(std::vector<std::byte> file, size_t at, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) file[at + size_t(i)] = std::byte(value >> (8 * (bytes - 1 - i)));
  return file;
}

// Where the frame header's height stands.
size_t jpeg_height_at(const std::vector<std::byte>& file) {
  for (size_t i = 0; i + 9 < file.size(); ++i)
    if (file[i] == std::byte{0xFF} &&
        (file[i + 1] == std::byte{0xC0} || file[i + 1] == std::byte{0xC2}))
      return i + 5;
  throw std::logic_error("no frame header");
}

TEST_CASE("huge sizes in a header are refused before anything is allocated", "[decode][hostile]") {
  Decoder decoder;
  std::vector<uint8_t> buffer;
  const auto message = [&](const std::vector<std::byte>& file) {
    return test::message_of<DataError>([&] { decoder.decode(file, "big", buffer); });
  };
  const std::vector<std::byte>& jpeg = golden_image("jpeg gray").file;
  const size_t at = jpeg_height_at(jpeg);
  const auto huge_jpeg = patched(patched(jpeg, at, 65500, 2), at + 2, 65500, 2);
  CHECK_THAT(message(huge_jpeg), Catch::Contains("65500x65500") && Catch::Contains("megapixels"));
  const auto hollow_jpeg = patched(patched(jpeg, at, 9000, 2), at + 2, 9000, 2);
  CHECK_THAT(message(hollow_jpeg), Catch::Contains("cannot hold"));
  const std::vector<std::byte>& png = golden_image("png rgb 8").file;
  const auto huge_png = patched(patched(png, 16, 0x7FFFFFFF, 4), 20, 0x7FFFFFFF, 4);
  CHECK_THAT(message(huge_png), Catch::Contains("megapixels"));
  const auto hollow_png = patched(patched(png, 16, 9000, 4), 20, 9000, 4);
  CHECK_THAT(message(hollow_png), Catch::Contains("cannot hold"));
  CHECK_THAT(message(patched(png, 16, 0, 4)), Catch::Contains("no pixels"));
  const auto huge_bmp = patched(golden_image("bmp 24").file, 18, 0xFFFFFF7F, 4);
  CHECK_THAT(message(huge_bmp), Catch::Contains("megapixels"));
  CHECK(buffer.size() < 1'000'000);
}

// Where the marker stands, from `at` on.
size_t find_marker(const std::vector<std::byte>& file, size_t at, bool any_marker, uint8_t marker) {
  for (; at + 1 < file.size(); ++at) {
    if (file[at] != std::byte{0xFF} || file[at + 1] == std::byte{0}) continue;
    if (any_marker || file[at + 1] == std::byte{marker}) return at;
  }
  throw std::logic_error("no such marker");
}

// A progressive JPEG whose first scan is there `copies` times.
std::vector<std::byte> scan_bomb(int copies) {
  const std::vector<std::byte>& file = golden_image("jpeg progressive gray").file;
  const size_t begin = find_marker(file, 2, false, 0xDA);
  const size_t end = find_marker(file, begin + 2, true, 0);
  const Bytes scan = Bytes(file).subspan(begin, end - begin);
  std::vector<std::byte> bomb(file.begin(), file.begin() + std::ptrdiff_t(begin));
  for (int i = 0; i < copies; ++i) bomb.insert(bomb.end(), scan.begin(), scan.end());
  bomb.insert(bomb.end(), file.begin() + std::ptrdiff_t(end), file.end());
  return bomb;
}

TEST_CASE("progressive scans are capped", "[decode][hostile]") {
  std::vector<uint8_t> buffer;
  CHECK_NOTHROW(Decoder().decode(scan_bomb(20), "many", buffer));
  const std::string message =
      test::message_of<DataError>([&] { Decoder().decode(scan_bomb(5000), "bomb", buffer); });
  CHECK_THAT(message, Catch::Contains("progressive scans"));
}

TEST_CASE("a broken EXIF block counts as upright", "[decode][hostile]") {
  const auto orientation = [](std::string_view text) { return tiff_orientation(as_bytes(text)); };
  using namespace std::string_view_literals;
  CHECK(orientation(""sv) == 1);
  CHECK(orientation("II*\0"sv) == 1);
  CHECK(orientation("II*\0\xFF\xFF\xFF\xFF"sv) == 1);    // directory beyond the end
  CHECK(orientation("II*\0\x08\0\0\0\xFF\xFF"sv) == 1);  // more entries than bytes
  CHECK(orientation("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0"sv) == 6);
  CHECK(orientation("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0"sv) == 1);  // no such orientation
  CHECK(orientation("II*\0\x08\0\0\0\1\0\x12\1\4\0\1\0\0\0\6\0"sv) == 1);    // half a LONG
  CHECK(orientation("II*\0\x08\0\0\0\1\0\x12\1\5\0\1\0\0\0\xFF\xFF\xFF\xFF"sv) == 1);
  CHECK(orientation("II*\0\x08\0\0\0\1\0\x12\1\5\0\1\0\0\0\0\0\0\0"sv) == 1);  // over zero
  CHECK(orientation("II*\0\x08\0\0\0\1\0\xBC\2\1\0\xFF\xFF\xFF\xFF\6\0\0\0"sv) == 1);
  for (const std::string_view text : {""sv, "tiff:Orientation"sv, "tiff:Orientation="sv,
                                      "tiff:Orientation=\""sv, "tiff:Orientation>"sv})
    CHECK(xmp_orientation(as_bytes(text)) == std::nullopt);
  CHECK(xmp_orientation(as_bytes("<tiff:Orientation >\n 6 </tiff:Orientation>")) == 6);
  CHECK(xmp_orientation(as_bytes("tiff:Orientation = '6'")) == 6);
  const std::vector<std::byte>& jpeg = golden_image("jpeg orientation 6").file;
  for (size_t size = 0; size < jpeg.size(); ++size) {
    const std::vector<std::byte> cut(jpeg.begin(), jpeg.begin() + std::ptrdiff_t(size));
    const int found = jpeg_orientation(cut);
    CHECK((found == 1 || found == 6));
  }
}

}  // namespace
}  // namespace stoker::decode
