// Sizes and kinds of image files other than JPEG and PNG, from their headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stoker/core/file.h"

namespace stoker::decode {

enum class ForeignKind { kWebp, kBmp, kTiff, kPnm, kGif };

struct ForeignHeader {
  ForeignKind kind;
  std::string_view format;         // "WebP", "animated WebP", "BMP", "TIFF", "PNM", "GIF"
  bool is_whole = false;           // the fields below could be read
  uint64_t width = 0, height = 0;  // as stored
  int32_t channels = 3;            // of the decoded image
  int orientation = 1;             // EXIF or XMP
  bool has_alpha = false;          // of a BMP: a mask says so
};

// Nothing if the first bytes are of none of these formats.
std::optional<ForeignHeader> read_foreign_header(Bytes file);

}  // namespace stoker::decode
