// Damaged JPEGs through decode_region: an error or a region, never a crash, a hang or a read out of
// bounds. Run under sanitizers by scripts/test.sh.
#include <algorithm>

#include "data/files.h"
#include "decode/hostile.h"
#include "decode/make_jpeg.h"
#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/decode/decode.h"
#include "support/catch.h"

namespace stoker::decode {
namespace {

using test::JpegKind;

// Anything but a DataError, and pixels that are not those of the whole image, fail the test.
bool decodes(Decoder& decoder, Bytes file, RandomStream& random) {
  const test::Verdict verdict = test::judge_region(decoder, file, random);
  CHECK(verdict != test::Verdict::kUnsound);
  return verdict == test::Verdict::kSound;
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
  for (const JpegKind& kind : test::hostile_kinds()) {
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
  for (const JpegKind& kind : test::hostile_kinds()) {
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
