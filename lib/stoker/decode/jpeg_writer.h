// JPEG files made for being read many times: baseline, Huffman tables made for the image, a restart
// marker before each row of blocks, so that a crop's rows are found without decoding those above.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::decode {

struct JpegOptions {
  int quality = 90;          // 1 to 100, in libjpeg's scale
  bool halve_chroma = true;  // 4:2:0, else 4:4:4
  bool restart_rows = true;  // a restart marker before each row of blocks
};

// image: RGB or grayscale.
std::vector<std::byte> encode_jpeg(const kernels::ImageView& image,
                                   const JpegOptions& options = {});

// The same pixels, bit for bit, in the form described above: coefficients are copied, progressive
// files become baseline, metadata are dropped except for EXIF's orientation. Nothing for a file
// that has no 8-bit Huffman form of its own (arithmetic coding, CMYK). Throws DataError for a JPEG
// that does not decode.
std::optional<std::vector<std::byte>> recode_jpeg(Bytes file, std::string_view name,
                                                  const DecodeLimits& limits = {});

}  // namespace stoker::decode
