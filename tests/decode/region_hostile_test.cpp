// Damaged JPEGs through decode_region: an error or a region, never a crash, a hang or a read out of
// bounds. Run under sanitizers by scripts/test.sh.
#include <algorithm>

#include "data/files.h"
#include "decode/make_jpeg.h"
#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/decode/decode.h"
#include "support/catch.h"
#include "support/fuzz.h"

namespace stoker::decode {
namespace {

using kernels::Region;
using test::JpegKind;

std::vector<JpegKind> kinds() {
  return {{.width = 60, .height = 45},
          {.width = 60, .height = 45, .h_factor = 1, .v_factor = 1, .noise = 1},
          {.width = 60, .height = 45, .h_factor = 2, .v_factor = 1, .optimize = false},
          {.width = 60, .height = 45, .h_factor = 1, .v_factor = 2},
          {.width = 60, .height = 45, .channels = 1},
          {.width = 60, .height = 45, .restart_rows = 1},
          {.width = 60, .height = 45, .restart_blocks = 2, .orientation = 6},
          {.width = 60, .height = 45, .store_rgb = true, .h_factor = 1, .v_factor = 1},
          {.width = 60, .height = 45, .progressive = true}};
}

// Some region of what the header says; anything but a DataError fails the test.
bool decodes(Decoder& decoder, Bytes file, RandomStream& random) {
  std::vector<uint8_t> buffer;
  try {
    const ImageInfo info = decoder.probe(file, "hostile");
    const int shrink = allowed_shrink(info, 1 << random.below(4));
    const int32_t width = (info.width + shrink - 1) / shrink;
    const int32_t height = (info.height + shrink - 1) / shrink;
    Region region{int32_t(random.below(uint32_t(width))), int32_t(random.below(uint32_t(height)))};
    region.width = 1 + int32_t(random.below(uint32_t(width - region.x)));
    region.height = 1 + int32_t(random.below(uint32_t(height - region.y)));
    const auto view = decoder.decode_region(file, "hostile", region, shrink, buffer);
    // Every pixel can be read.
    int sum = 0;
    for (int32_t y = region.y; y < region.y + region.height; ++y)
      for (int32_t i = 0; i < region.width * view.channels; ++i) sum += view.at(region.x, y)[i];
    return sum >= 0;
  } catch (const DataError&) {
    return false;
  }
}

// One of the changes that files suffer.
void damage(std::vector<std::byte>& file, RandomStream& random) {
  const auto place = [&] { return std::ptrdiff_t(random.below(uint32_t(file.size()))); };
  switch (random.below(6)) {
    case 0:
      file.resize(size_t(place()));
      break;
    case 1: {
      const std::ptrdiff_t at = place();
      file.erase(file.begin() + at, file.begin() + std::min(at + 30, std::ptrdiff_t(file.size())));
      break;
    }
    case 2:
      file.insert(file.begin() + place(), size_t(1 + random.below(20)), std::byte(0xFF));
      break;
    default:
      for (uint32_t i = 0; i < 1 + random.below(4); ++i)
        file[size_t(place())] = std::byte(random.below(256));
  }
}

TEST_CASE("random damage to a JPEG's region never crashes", "[decode][hostile][region]") {
  Decoder decoder({.max_pixels = 1'000'000, .max_progressive_scans = 20});
  int decoded = 0, refused = 0;
  for (const JpegKind& kind : kinds()) {
    const std::vector<std::byte> file = test::make_jpeg(kind);
    for (uint64_t round = 0; round < test::fuzz_rounds(400); ++round) {
      RandomStream random({.seed = 8, .sample = round}, Purpose::kPick);
      std::vector<std::byte> damaged = file;
      if (round % 2 == 0) {
        damage(damaged, random);
      } else {  // in the tables or in the entropy-coded data alone
        const size_t at =
            round % 4 == 1 ? random.below(uint32_t(damaged.size())) : 20 + random.below(300);
        damaged[std::min(at, damaged.size() - 1)] = std::byte(random.below(256));
      }
      if (damaged.empty()) continue;
      // An exact copy, so that a sanitizer sees one byte too many.
      const std::vector<std::byte> exact(damaged.begin(), damaged.end());
      (decodes(decoder, exact, random) ? decoded : refused)++;
    }
  }
  CHECK(decoded > 500);
  CHECK(refused > 500);
}

TEST_CASE("a cut JPEG gives the regions above the cut and refuses those below",
          "[decode][hostile][region]") {
  Decoder decoder;
  std::vector<uint8_t> buffer;
  for (const JpegKind& kind : kinds()) {
    if (kind.progressive || kind.orientation != 1) continue;
    const std::vector<std::byte> file = test::make_jpeg(kind);
    const Bytes half = Bytes(file).first(file.size() / 2 + 200);
    CHECK_NOTHROW(decoder.decode_region(half, "top", {10, 0, 30, 5}, 1, buffer));
    const std::string message = test::message_of<DataError>([&] {
      decoder.decode_region(half, "dir/a.jpg", {10, 38, 30, 5}, 1, buffer);
    });
    CHECK_THAT(message, Catch::Contains("dir/a.jpg") && Catch::Contains("truncated"));
  }
}

TEST_CASE("restart markers out of order are an error", "[decode][hostile][region]") {
  Decoder decoder;
  std::vector<uint8_t> buffer;
  std::vector<std::byte> file = test::make_jpeg({.restart_rows = 1});
  for (size_t i = 0; i + 1 < file.size(); ++i)
    if (file[i] == std::byte{0xFF} && file[i + 1] == std::byte{0xD1}) file[i + 1] = std::byte{0xD4};
  CHECK_NOTHROW(decoder.decode_region(file, "top", {0, 0, 30, 10}, 1, buffer));
  const std::string message = test::message_of<DataError>([&] {
    decoder.decode_region(file, "low", {0, 40, 30, 10}, 1, buffer);
  });
  CHECK_THAT(message, Catch::Contains("restart markers"));
}

}  // namespace
}  // namespace stoker::decode
