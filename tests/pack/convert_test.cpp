#include "stoker/pack/convert.h"

#include <algorithm>
#include <cmath>

#include "data/files.h"
#include "stoker/core/error.h"
#include "stoker/decode/jpeg_writer.h"
#include "stoker/shards/npy.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::pack;

namespace {

// One sample, stored as a file or as pixels.
class One final : public data::Dataset {
 public:
  explicit One(std::vector<std::byte> file) : file_(std::move(file)) {}
  One(std::vector<uint8_t> pixels, int32_t width, int32_t height, int32_t channels)
      : pixels_(std::move(pixels)),
        view_{pixels_.data(), width, height, channels, int64_t{width} * channels} {}
  int64_t size() const override { return 1; }
  std::string name(int64_t) const override { return "one"; }
  int64_t label(int64_t) const override { return 0; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  data::Record get(int64_t, std::vector<std::byte>&) const override {
    return {.encoded = file_, .pixels = view_};
  }

 private:
  std::vector<std::byte> file_;
  std::vector<uint8_t> pixels_;
  kernels::ImageView view_;
  std::vector<std::string> classes_{"only"};
};

// A ramp over the width: shrinking it leaves a ramp.
std::vector<uint8_t> ramp(int32_t width, int32_t height) {
  std::vector<uint8_t> pixels;
  for (int32_t y = 0; y < height; ++y)
    for (int32_t x = 0; x < width; ++x)
      for (int32_t c = 0; c < 3; ++c) pixels.push_back(uint8_t(255 * x / (width - 1)));
  return pixels;
}

One ramp_jpeg(int32_t width, int32_t height) {
  const std::vector<uint8_t> pixels = ramp(width, height);
  return One(decode::encode_jpeg({pixels.data(), width, height, 3, 3 * width},
                                 {.quality = 92, .restart_rows = false}));
}

Converted convert(const data::Dataset& dataset, const ConvertOptions& options) {
  return Converter(options, {}).convert(dataset, 0);
}

decode::ImageInfo probe(const Converted& converted) {
  return decode::Decoder().probe(converted.bytes, "converted");
}

}  // namespace

TEST_CASE("convert: larger images are shrunk by the side that was named, smaller ones never") {
  const One image = ramp_jpeg(130, 70);
  const auto by_long = probe(convert(image, {.long_side = 50}));
  REQUIRE(by_long.width == 50);
  REQUIRE(by_long.height == 27);
  const auto by_short = probe(convert(image, {.short_side = 35}));
  REQUIRE(by_short.width == 65);
  REQUIRE(by_short.height == 35);
  REQUIRE(probe(convert(image, {.short_side = 70})).width == 130);
  REQUIRE(probe(convert(image, {.long_side = 1000})).width == 130);
  REQUIRE(probe(convert(ramp_jpeg(100, 1), {.long_side = 10})).height == 1);
}

TEST_CASE("convert: shrinking is antialiased and keeps the values") {
  const One image(ramp(130, 70), 130, 70, 3);
  const Converted raw = convert(image, {.long_side = 65, .raw = true});
  REQUIRE(raw.ending == "npy");
  REQUIRE(raw.source_bytes == 130 * 70 * 3);
  const kernels::ImageView small = shards::parse_npy(raw.bytes);
  REQUIRE(small.width == 65);
  REQUIRE(small.height == 35);
  for (int32_t x = 1; x < 64; ++x)  // the middle of two pixels; one level for rounding twice
    REQUIRE(std::abs(small.pixels[3 * x] - 255.0 * (2 * x + 0.5) / 129) <= 1);
}

TEST_CASE("convert: without a size a JPEG keeps its pixels, and with keep_bytes its bytes") {
  const One image = ramp_jpeg(130, 70);
  std::vector<std::byte> scratch;
  std::vector<uint8_t> before, after;
  const Bytes file = image.get(0, scratch).encoded;
  const Converted recoded = convert(image, {});
  REQUIRE(recoded.ending == "jpg");
  REQUIRE(!std::ranges::equal(recoded.bytes, file));
  decode::Decoder().decode(file, "x", before);
  decode::Decoder().decode(recoded.bytes, "x", after);
  REQUIRE(before == after);
  REQUIRE(recoded.source_bytes == std::ssize(file));
  REQUIRE(std::ranges::equal(convert(image, {.keep_bytes = true}).bytes, file));
  REQUIRE(convert(image, {.quality = 30}).bytes.size() < file.size());
}

TEST_CASE("convert: other formats are copied, or encoded when a quality is named") {
  const auto png = test::plain_png(9, 7, 100, 1);
  const One image(png);
  const Converted copied = convert(image, {});
  REQUIRE(copied.ending == "png");
  REQUIRE(copied.bytes == png);
  const Converted encoded = convert(image, {.quality = 90});
  REQUIRE(encoded.ending == "jpg");
  REQUIRE(probe(encoded).channels == 1);
}

TEST_CASE("convert: stored pixels become PNG, or stay pixels") {
  const std::vector<uint8_t> pixels = ramp(8, 3);
  const One image(pixels, 8, 3, 3);
  const Converted png = convert(image, {});
  REQUIRE(png.ending == "png");
  std::vector<uint8_t> decoded;
  decode::Decoder().decode(png.bytes, "x", decoded);
  decoded.resize(pixels.size());
  REQUIRE(decoded == pixels);
  const Converted raw = convert(image, {.raw = true});
  const kernels::ImageView view = shards::parse_npy(raw.bytes);
  REQUIRE(std::equal(pixels.begin(), pixels.end(), view.pixels));
}

TEST_CASE("convert: what cannot be decoded is an error, even where bytes are copied") {
  auto png = test::plain_png(90, 70, 100);
  png.resize(png.size() - 30);
  REQUIRE_THROWS_AS(convert(One(png), {}), DataError);
  REQUIRE_THROWS_AS(convert(One(png), {.keep_bytes = true}), DataError);
}
