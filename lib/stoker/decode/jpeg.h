// JPEG by libjpeg-turbo: baseline and progressive, grayscale, YCbCr, RGB, CMYK and YCCK.
//
// Data that libjpeg would paper over with gray (a file cut short, broken Huffman codes) is an error
// here. Used through Decoder.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::decode {

class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();
  JpegDecoder(JpegDecoder&&) noexcept;
  JpegDecoder& operator=(JpegDecoder&&) noexcept;

  // Width and height are upright.
  ImageInfo probe(Bytes file, std::string_view name, const DecodeLimits& limits);

  struct Decoded {
    kernels::ImageView image;  // as stored, in the caller's buffer
    int orientation = 1;       // still to be applied
  };
  Decoded decode(Bytes file, std::string_view name, const DecodeLimits& limits,
                 std::vector<uint8_t>& buffer);
  // At least `region`, which is upright; see Decoder::decode_region.
  Decoded decode_region(Bytes file, std::string_view name, const DecodeLimits& limits,
                        const kernels::Region& region, int shrink, std::vector<uint8_t>& buffer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::decode
