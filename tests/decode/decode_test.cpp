#include "stoker/decode/decode.h"

#include <cstdlib>

#include "data/files.h"
#include "decode/animated.h"
#include "decode/golden_images.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::decode {
namespace {

using test::golden_image;
using test::GoldenImage;

bool needs_opencv(const GoldenImage& image) { return image.mode == "BMP" || image.mode == "PNM"; }

// The largest difference of a channel; 256 for another size.
int largest_difference(const kernels::ImageView& image, const GoldenImage& golden) {
  if (image.width != golden.width || image.height != golden.height ||
      image.channels != golden.channels)
    return 256;
  int largest = 0;
  const int64_t row_bytes = int64_t{image.width} * image.channels;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t i = 0; i < row_bytes; ++i)
      largest =
          std::max(largest, std::abs(int{image.pixels[y * image.row_bytes + i]} -
                                     static_cast<int>(golden.pixels[size_t(y * row_bytes + i)])));
  return largest;
}

TEST_CASE("every kind of image decodes to the expected pixels", "[decode]") {
  REQUIRE(test::golden_images().size() > 200);
  Decoder decoder;
  std::vector<uint8_t> buffer;
  for (const GoldenImage& golden : test::golden_images()) {
    if (needs_opencv(golden) && !STOKER_HAS_OPENCV) continue;
    CAPTURE(golden.name);
    CHECK(largest_difference(decoder.decode(golden.file, golden.name, buffer), golden) <=
          golden.tolerance);
  }
}

TEST_CASE("probe tells size, mode and orientation without decoding", "[decode]") {
  Decoder decoder;
  for (const GoldenImage& golden : test::golden_images()) {
    CAPTURE(golden.name);
    const ImageInfo info = decoder.probe(golden.file, golden.name);
    CHECK(info.width == golden.width);
    CHECK(info.height == golden.height);
    CHECK(info.mode == golden.mode);
    CHECK(info.orientation == golden.orientation);
    CHECK(info.channels == golden.channels);
  }
}

TEST_CASE("a decoder goes on after an error", "[decode]") {
  Decoder decoder;
  std::vector<uint8_t> buffer;
  const GoldenImage& good = golden_image("jpeg rgb 4:2:0");
  const Bytes half = Bytes(good.file).first(good.file.size() - 40);
  for (int i = 0; i < 3; ++i) {
    CHECK_THROWS_AS(decoder.decode(half, "half.jpg", buffer), DataError);
    CHECK(largest_difference(decoder.decode(good.file, "good.jpg", buffer), good) <= 1);
  }
}

TEST_CASE("images of different sizes share a buffer", "[decode]") {
  Decoder decoder;
  std::vector<uint8_t> buffer;
  for (const int32_t side : {31, 3, 17}) {
    const auto image = decoder.decode(test::plain_png(side, side + 2, 77), "x.png", buffer);
    CHECK(image.width == side);
    CHECK(image.height == side + 2);
    CHECK(image.row_bytes >= 3 * side);
    CHECK(image.pixels[(side + 1) * image.row_bytes] == 77);
  }
}

TEST_CASE("encode_png and decode are inverse", "[decode]") {
  std::vector<uint8_t> pixels(5 * 7 * 3 + 7 * 2);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = uint8_t(i * 11);
  for (const int32_t channels : {1, 3}) {
    const int64_t row_bytes = 5 * channels + 2;  // rows with a gap
    const auto png = encode_png({pixels.data(), 5, 7, channels, row_bytes});
    std::vector<uint8_t> buffer;
    const auto image = Decoder().decode(png, "x.png", buffer);
    REQUIRE(image.channels == channels);
    for (int y = 0; y < 7; ++y)
      for (int i = 0; i < 5 * channels; ++i)
        CHECK(image.pixels[y * image.row_bytes + i] == pixels[size_t(y * row_bytes + i)]);
  }
}

TEST_CASE("what is no image is refused by what it is", "[decode]") {
  std::vector<uint8_t> buffer;
  Decoder decoder;
  const auto message = [&](std::string_view content) {
    return test::message_of<DataError>(
        [&] { decoder.decode(as_bytes(content), "photo.jpg", buffer); });
  };
  using namespace std::string_view_literals;
  CHECK(message("") == "photo.jpg: the file is empty; get it again");
  CHECK_THAT(message("\xFF\xD8"), Catch::Contains("cut off after 2 bytes"));
  CHECK_THAT(message(std::string(5000, '\0')), Catch::Contains("5000 zero bytes"));
  CHECK_THAT(message("hello\nthere"), Catch::Contains("text in place of the image: \"hello") &&
                                          Catch::Contains("68 65 6c 6c 6f"));
  CHECK_THAT(message("{\"error\": \"not found\"}"), Catch::Contains("{\"error\": \"not found\"}"));
  for (const std::string_view page :
       {"<!DOCTYPE html><html>"sv, "  \n<HTML lang=\"de\">"sv, "\xEF\xBB\xBF<!doctype html>"sv,
        "<?xml version=\"1.0\"?><Error/>"sv})
    CHECK_THAT(message(page), Catch::Contains("web page"));
  CHECK_THAT(message("<?xml version=\"1.0\"?>\n<svg xmlns=\"x\"/>"), Catch::Contains("SVG"));
  CHECK_THAT(message("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5\n"),
             Catch::Contains("git-lfs pointer") && Catch::Contains("git lfs pull"));
  CHECK_THAT(message("\0\0\0\x1C"
                     "ftypavif\0\0\0\0"sv),
             Catch::Contains("AVIF"));
  CHECK_THAT(message("II+\0\x08\0\0\0\x10\0\0\0"sv), Catch::Contains("BigTIFF"));
  CHECK_THAT(message("BM" + std::string(600, '\xFF')), Catch::Contains("not an image in a known"));
  CHECK_THAT(message("BM\xFF"), Catch::Contains("cut off after 3 bytes"));
  std::string greek = "a";  // a letter that lies across the end of what is looked at
  for (int i = 0; i < 300; ++i) greek += "\xCE\xB1";
  CHECK_THAT(message(greek), Catch::Contains("text in place of the image"));
  CHECK_THAT(message("\x8B\x01\x02\x03 of no known kind"),
             Catch::Contains("not an image in a known"));
}

TEST_CASE("an animated PNG gives its default image", "[decode]") {
  const std::string file = test::animated_png();
  std::vector<uint8_t> buffer;
  CHECK(largest_difference(Decoder().decode(as_bytes(file), "a.png", buffer),
                           golden_image("png rgb 8")) == 0);
}

TEST_CASE("a frame of an animated WebP lies on a transparent canvas", "[decode]") {
  const std::string file = test::animated_webp();
  std::vector<uint8_t> buffer;
  CHECK(Decoder().probe(as_bytes(file), "a.webp").mode == "animated WebP");
  CHECK(largest_difference(Decoder().decode(as_bytes(file), "a.webp", buffer),
                           golden_image("webp lossless")) == 0);
}

// The decoder takes the first of two widths, libtiff another one.
TEST_CASE("a file whose header and pixels differ in size is refused", "[decode]") {
  std::string file = test::text_of(golden_image("tiff raw").file);
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(file.at(i)); };
  const size_t directory = byte(4) | byte(5) << 8;
  REQUIRE(byte(directory + 2) == 0);  // tag 256, the width, comes first
  REQUIRE(byte(directory + 3) == 1);
  std::string second = file.substr(directory + 2, 12);
  second[8] = 99;
  file.replace(directory + 2 + 12 * (byte(directory) - 1), 12, second);
  std::vector<uint8_t> buffer;
  const std::string message =
      test::message_of<DataError>([&] { Decoder().decode(as_bytes(file), "a.tif", buffer); });
  CHECK_THAT(message, Catch::Contains("a.tif: TIFF"));
}

TEST_CASE("a cut file of any format says that it cannot be decoded", "[decode]") {
  std::vector<uint8_t> buffer;
  for (const char* name : {"gif by Pillow", "webp lossless", "webp lossy", "tiff raw",
                           "tiff tiff_lzw", "tiff 16 little gray alpha", "webp animated"}) {
    CAPTURE(name);
    const Bytes file = golden_image(name).file;
    const Bytes half = file.first(file.size() / 2);
    const std::string message =
        test::message_of<DataError>([&] { Decoder().decode(half, "dir/a", buffer); });
    CHECK_THAT(message, Catch::StartsWith("dir/a: "));
    CHECK_THAT(message, Catch::Contains("cannot be decoded") || Catch::Contains("truncated"));
  }
}

#if !STOKER_HAS_OPENCV
TEST_CASE("without OpenCV other formats are refused by name", "[decode]") {
  std::vector<uint8_t> buffer;
  const auto decode = [&] { Decoder().decode(golden_image("bmp 24").file, "a.bmp", buffer); };
  CHECK_THAT(test::message_of<DataError>(decode), Catch::Contains("a.bmp: BMP"));
}
#endif

}  // namespace
}  // namespace stoker::decode
