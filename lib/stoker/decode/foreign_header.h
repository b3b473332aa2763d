// Sizes and kinds of image files that OpenCV decodes, from their headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stoker/core/file.h"

namespace stoker::decode {

struct ForeignHeader {
  std::string_view format;         // "WebP", "animated WebP", "BMP", "TIFF", "PNM", "GIF"
  bool is_whole = false;           // the fields below could be read
  uint64_t width = 0, height = 0;  // as stored
  int32_t channels = 3;            // of the decoded image
  int orientation = 1;             // EXIF
  bool decoder_turns = false;      // OpenCV's decoder already applies the orientation
};

// Nothing if the first bytes are of none of these formats.
std::optional<ForeignHeader> read_foreign_header(Bytes file);

}  // namespace stoker::decode
