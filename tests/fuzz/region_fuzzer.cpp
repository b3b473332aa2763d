// Regions of JPEG and PNG, whole and shrunk: our own decoder, and libjpeg's and libpng's rows.
#include "decode/hostile.h"
#include "stoker/core/crc32c.h"
#include "target.h"

stoker::test::Verdict stoker::test::judge(Bytes file) {
  using namespace decode;
  if (format_of(file) != ImageFormat::kJpeg && format_of(file) != ImageFormat::kPng)
    return Verdict::kRefused;
  static Decoder decoder({.max_pixels = 300'000, .max_progressive_scans = 20});
  RandomStream random({.seed = crc32c(file)}, Purpose::kPick);
  return judge_region(decoder, file, random);
}
