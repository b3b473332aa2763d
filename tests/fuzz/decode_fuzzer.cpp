// JPEG and PNG, whole. Other formats are OpenCV's.
#include "decode/hostile.h"
#include "target.h"

stoker::test::Verdict stoker::test::judge(Bytes file) {
  using namespace decode;
  if (format_of(file) != ImageFormat::kJpeg && format_of(file) != ImageFormat::kPng)
    return Verdict::kRefused;
  static Decoder decoder({.max_pixels = 300'000, .max_progressive_scans = 20});
  return judge_image(decoder, file);
}
