// Image files to 8-bit pixels. JPEG by libjpeg-turbo, PNG by libpng, everything else by OpenCV
// (loaded when the first such file comes, since it brings a hundred libraries); the format is told
// by the file's first bytes, never by its name.
//
// Output is grayscale (1 channel) or RGB (3), upright (EXIF orientation applied). CMYK and YCCK are
// converted; 16-bit is scaled to 8; alpha is dropped after compositing on black. Animated files
// give their first frame. Thread-safe; a Decoder is not, so each thread has its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "stoker/core/file.h"
#include "stoker/kernels/image.h"

namespace stoker::decode {

struct DecodeLimits {
  int64_t max_pixels = 100'000'000;  // checked on the header, before anything is allocated
  int max_progressive_scans = 100;   // a small progressive JPEG can ask for hours of work
};

enum class ImageFormat { kJpeg, kPng, kOther, kUnknown };

struct ImageInfo {
  ImageFormat format = ImageFormat::kUnknown;
  int32_t width = 0;  // upright
  int32_t height = 0;
  int32_t channels = 0;   // of the decoded image
  int orientation = 1;    // EXIF, 1 to 8
  std::string_view mode;  // "RGB", "L", "CMYK", "RGBA", "L16", …, as stored
};

class Decoder {
 public:
  explicit Decoder(DecodeLimits limits = {});
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // `name` is for messages. Throws DataError that says what is wrong and, where known, at which
  // byte.
  ImageInfo probe(Bytes file, std::string_view name);
  // The whole image. The view points into `buffer`, which grows as needed and is reused.
  kernels::ImageView decode(Bytes file, std::string_view name, std::vector<uint8_t>& buffer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// By the first bytes.
ImageFormat format_of(Bytes file);

// PNG of an RGB or grayscale image, for contact sheets.
std::vector<std::byte> encode_png(const kernels::ImageView& image);

}  // namespace stoker::decode
