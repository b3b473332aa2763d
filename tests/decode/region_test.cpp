// decode_region against the whole image, for every kind of JPEG and every orientation.
#include <cstring>

#include "decode/golden_images.h"
#include "decode/make_jpeg.h"
#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/decode/decode.h"
#include "stoker/decode/exif.h"
#include "stoker/decode/orientation.h"
#include "support/catch.h"

namespace stoker::decode {
namespace {

using kernels::ImageView;
using kernels::Region;
using test::JpegKind;

int32_t below(RandomStream& random, int32_t limit) {
  return int32_t(random.below(uint32_t(limit)));
}

// Some of the edges often coincide with the image's.
Region random_region(RandomStream& random, int32_t width, int32_t height) {
  Region r{below(random, width), below(random, height), 0, 0};
  if (random.coin(0.2f)) r.x = 0;
  if (random.coin(0.2f)) r.y = 0;
  r.width = 1 + below(random, width - r.x);
  r.height = 1 + below(random, height - r.y);
  if (random.coin(0.2f)) r.width = width - r.x;
  if (random.coin(0.2f)) r.height = height - r.y;
  return r;
}

// Whether the part holds the region, with the whole image's pixels.
bool shows(const ImageView& part, const Region& region, const ImageView& whole) {
  if (part.source_width() != whole.width || part.source_height() != whole.height) return false;
  if (part.channels != whole.channels) return false;
  if (part.x > region.x || part.y > region.y || part.x + part.width < region.x + region.width ||
      part.y + part.height < region.y + region.height)
    return false;
  for (int32_t y = region.y; y < region.y + region.height; ++y)
    if (std::memcmp(part.at(region.x, y), whole.at(region.x, y),
                    size_t(region.width * whole.channels)) != 0)
      return false;
  return true;
}

std::vector<JpegKind> kinds() {
  std::vector<JpegKind> list;
  for (const auto& [h, v] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}})
    for (const auto& [width, height] : {std::pair{77, 59}, {64, 48}, {129, 33}, {16, 100}, {5, 3}})
      list.push_back({.width = width, .height = height, .h_factor = h, .v_factor = v});
  list.push_back({.channels = 1});
  list.push_back({.width = 8, .height = 8, .channels = 1});
  list.push_back({.channels = 4, .h_factor = 1, .v_factor = 1});
  list.push_back({.store_rgb = true, .h_factor = 1, .v_factor = 1});
  list.push_back({.progressive = true});
  list.push_back({.channels = 1, .progressive = true});
  list.push_back({.arithmetic = true, .optimize = false});
  list.push_back({.optimize = false});
  list.push_back({.h_factor = 1, .v_factor = 1, .restart_rows = 1});
  list.push_back({.restart_rows = 1});
  list.push_back({.restart_rows = 2});
  list.push_back({.restart_blocks = 3});
  list.push_back({.channels = 1, .restart_blocks = 1});
  list.push_back({.width = 330, .height = 200, .quality = 100, .restart_rows = 1, .noise = 1});
  list.push_back({.width = 330, .height = 200, .quality = 30, .noise = 0});
  for (int orientation = 2; orientation <= 8; ++orientation) {
    list.push_back({.orientation = orientation});
    list.push_back({.width = 96, .height = 64, .orientation = orientation});
    list.push_back({.channels = 4, .h_factor = 1, .v_factor = 1, .orientation = orientation});
  }
  for (size_t i = 0; i < list.size(); ++i) list[i].seed = i;
  return list;
}

std::string text(const JpegKind& k) {
  return fmt::format("{}x{}x{} {}x{} rgb {} q {} restart {} {} progressive {} orientation {}",
                     k.width, k.height, k.channels, k.h_factor, k.v_factor, k.store_rgb, k.quality,
                     k.restart_rows, k.restart_blocks, k.progressive, k.orientation);
}

TEST_CASE("a region of a JPEG is that part of the whole image", "[decode][region]") {
  Decoder decoder;
  std::vector<uint8_t> whole_buffer, buffer;
  for (const JpegKind& kind : kinds()) {
    INFO(text(kind));
    const std::vector<std::byte> file = test::make_jpeg(kind);
    const ImageView whole = decoder.decode(file, "whole", whole_buffer);
    REQUIRE(whole.width == (swaps_sides(kind.orientation) ? kind.height : kind.width));
    RandomStream random({.seed = kind.seed}, Purpose::kPick);
    for (int round = 0; round < 40; ++round) {
      const Region region = random_region(random, whole.width, whole.height);
      INFO(fmt::format("{} {} {}x{}", region.x, region.y, region.width, region.height));
      REQUIRE(shows(decoder.decode_region(file, "part", region, 1, buffer), region, whole));
    }
  }
}

TEST_CASE("a region of a shrunk JPEG is that part of the shrunk image", "[decode][region]") {
  Decoder decoder;
  std::vector<uint8_t> whole_buffer, buffer;
  for (const JpegKind& kind : kinds()) {
    INFO(text(kind));
    const std::vector<std::byte> file = test::make_jpeg(kind);
    const int most = allowed_shrink(decoder.probe(file, "probe"), 8);
    if (kind.orientation == 1) CHECK(most == 8);
    for (int shrink = 2; shrink <= most; shrink *= 2) {
      const auto info = decoder.probe(file, "probe");
      const Region all{0, 0, (info.width + shrink - 1) / shrink,
                       (info.height + shrink - 1) / shrink};
      const ImageView whole = decoder.decode_region(file, "whole", all, shrink, whole_buffer);
      REQUIRE(whole.whole_width == 0);
      REQUIRE(whole.width == all.width);
      REQUIRE(whole.height == all.height);
      RandomStream random({.seed = kind.seed}, Purpose::kPick);
      for (int round = 0; round < 10; ++round) {
        const Region region = random_region(random, whole.width, whole.height);
        INFO(fmt::format("1/{} {} {} {}x{}", shrink, region.x, region.y, region.width,
                         region.height));
        REQUIRE(shows(decoder.decode_region(file, "part", region, shrink, buffer), region, whole));
      }
    }
  }
}

TEST_CASE("whole JPEGs have the pixels of libjpeg", "[decode][region]") {
  Decoder decoder;
  std::vector<uint8_t> buffer;
  for (const JpegKind& kind : kinds()) {
    if (kind.channels == 4 || kind.orientation != 1) continue;
    INFO(text(kind));
    const std::vector<std::byte> file = test::make_jpeg(kind);
    for (const int shrink : {1, 2, 4, 8}) {
      const test::ReferencePixels expected = test::libjpeg_pixels(file, shrink);
      const ImageView got = decoder.decode_region(
          file, "whole", {0, 0, expected.width, expected.height}, shrink, buffer);
      REQUIRE(got.width == expected.width);
      REQUIRE(got.height == expected.height);
      REQUIRE(got.channels == expected.channels);
      INFO("1/" << shrink);
      REQUIRE(std::memcmp(got.pixels, expected.pixels.data(), expected.pixels.size()) == 0);
    }
  }
}

// The file up to before its `scans`-th scan, ended there.
std::vector<std::byte> first_scans(const std::vector<std::byte>& file, int scans) {
  const auto is_marker = [&file](size_t i, int marker) {
    return file[i] == std::byte{0xFF} && file[i + 1] == std::byte(marker);
  };
  size_t at = 0;
  for (int seen = 0; at + 1 < file.size(); ++at)
    if (is_marker(at, 0xDA) && seen++ == scans) break;
  std::vector<std::byte> cut(file.begin(), file.begin() + ptrdiff_t(at));
  cut.insert(cut.end(), {std::byte{0xFF}, std::byte{0xD9}});
  return cut;
}

// libjpeg would smooth such images over their blocks, from other blocks in a region than in the
// whole.
TEST_CASE("a progressive JPEG without its last scans has regions of the whole",
          "[decode][region]") {
  Decoder decoder;
  std::vector<uint8_t> whole_buffer, buffer;
  const std::vector<std::byte> file =
      test::make_jpeg({.width = 120, .height = 90, .progressive = true, .noise = 0.5});
  for (const int scans : {1, 2, 4}) {
    INFO(scans << " scans");
    const std::vector<std::byte> cut = first_scans(file, scans);
    REQUIRE(cut.size() < file.size());
    const ImageView whole = decoder.decode(cut, "whole", whole_buffer);
    RandomStream random({.seed = 9}, Purpose::kPick);
    for (int round = 0; round < 40; ++round) {
      const Region region = random_region(random, whole.width, whole.height);
      REQUIRE(shows(decoder.decode_region(cut, "part", region, 1, buffer), region, whole));
    }
  }
}

TEST_CASE("regions of other formats come with the whole image", "[decode][region]") {
  Decoder decoder;
  std::vector<uint8_t> buffer, whole_buffer;
  for (const char* name : {"png rgb 8", "png palette 4 transparent", "png rgb 16 interlaced"}) {
    const test::GoldenImage& golden = test::golden_image(name);
    const ImageView whole = decoder.decode(golden.file, name, whole_buffer);
    const Region region{2, 3, 5, 4};
    CHECK(shows(decoder.decode_region(golden.file, name, region, 1, buffer), region, whole));
    CHECK(allowed_shrink(decoder.probe(golden.file, name), 8) == 1);
  }
}

TEST_CASE("sides that no shrunk pixel ends at are shrunk from the top left alone", "[decode]") {
  const auto allowed = [](int32_t width, int32_t height, int orientation, int wanted) {
    ImageInfo info{.format = ImageFormat::kJpeg, .width = width, .height = height};
    info.orientation = orientation;
    return allowed_shrink(info, wanted);
  };
  CHECK(allowed(77, 59, 1, 8) == 8);
  CHECK(allowed(77, 59, 1, 3) == 2);
  CHECK(allowed(77, 59, 6, 8) == 1);
  CHECK(allowed(76, 60, 3, 8) == 4);
  CHECK(allowed(4032, 3024, 6, 8) == 8);
}

TEST_CASE("places turn upright and back as pixels do", "[decode]") {
  const Region region{2, 1, 3, 2};
  std::vector<uint8_t> pixels(7 * 5), buffer;
  for (int y = 1; y < 3; ++y)
    for (int x = 2; x < 5; ++x) pixels[size_t(y * 7 + x)] = 1;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const ImageView upright = turn_upright({pixels.data(), 7, 5, 1, 7}, orientation, buffer);
    const Region turned = to_upright(region, orientation, 7, 5);
    CAPTURE(orientation);
    CHECK(to_stored(turned, orientation, 7, 5) == region);
    for (int y = 0; y < upright.height; ++y)
      for (int x = 0; x < upright.width; ++x) {
        const bool inside = x >= turned.x && y >= turned.y && x < turned.x + turned.width &&
                            y < turned.y + turned.height;
        CHECK(*upright.at(x, y) == inside);
      }
  }
}

}  // namespace
}  // namespace stoker::decode
