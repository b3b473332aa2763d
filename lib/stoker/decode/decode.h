// Image files to 8-bit pixels. JPEG by libjpeg-turbo and our own decoder, PNG by libpng, GIF, WebP
// and TIFF by libraries of their own, BMP and PNM by OpenCV (loaded when the first such file comes,
// since it brings a hundred libraries). The format is known by the file's first bytes, never by its
// name.
//
//   const ImageInfo info = decoder.probe(file, name);        // sizes, upright
//   view = decoder.decode(file, name, buffer);               // all of it
//   view = decoder.decode_region(file, name, {100, 50, 224, 224}, 1, buffer);
//
// Output is grayscale (1 channel) or RGB (3), upright (EXIF's or XMP's orientation applied). CMYK
// and YCCK are converted; 16-bit is scaled to 8; alpha is dropped after compositing on black
// (alpha.h). An animated PNG gives the image that viewers without animation show, GIF and WebP
// their first frame. Thread-safe; a Decoder is not, so each thread has its own.
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
  int orientation = 1;    // EXIF's or XMP's, 1 to 8
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
  // At least `region` of the image shrunk `shrink` times, upright; the view says where it lies. Its
  // pixels are those of decode() where shrink is 1. shrink: as allowed_shrink() gives it; the image
  // is then ceil(width / shrink) x ceil(height / shrink), and region lies within that.
  // Of a JPEG little more than the region is decoded: damage outside of it goes unnoticed.
  kernels::ImageView decode_region(Bytes file, std::string_view name, const kernels::Region& region,
                                   int shrink, std::vector<uint8_t>& buffer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The largest of 1, 2, 4 and 8, at most `wanted`, by which decode_region shrinks this image. JPEGs
// shrink in the cosine transform, at a fraction of the work, without being seen at full size.
int allowed_shrink(const ImageInfo& info, int wanted);

// By the first bytes.
ImageFormat format_of(Bytes file);

// PNG of an RGB or grayscale image, for contact sheets.
std::vector<std::byte> encode_png(const kernels::ImageView& image);

}  // namespace stoker::decode
