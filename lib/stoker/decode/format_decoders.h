// Formats that a library of their own decodes: GIF by giflib, WebP by libwebp, TIFF by libtiff.
//
// Used through decode_other, which has checked the header against the limits. Pixels come as
// stored, not turned, alpha composited on black (alpha.h), in `buffer`, of which the view shows the
// front. Animations give their first frame on a canvas that is transparent where the frame is not.
// All throw DataError with the library's reason, also where pixels and header differ in size.
#pragma once

#include <string_view>
#include <vector>

#include "stoker/decode/foreign_header.h"
#include "stoker/kernels/image.h"

namespace stoker::decode {

kernels::ImageView decode_gif(Bytes file, std::string_view name, const ForeignHeader& header,
                              std::vector<uint8_t>& buffer);
kernels::ImageView decode_webp(Bytes file, std::string_view name, const ForeignHeader& header,
                               std::vector<uint8_t>& buffer);
kernels::ImageView decode_tiff(Bytes file, std::string_view name, const ForeignHeader& header,
                               std::vector<uint8_t>& buffer);

// "a.gif: GIF cannot be decoded: <reason>; if other programs show it, convert it to PNG".
[[noreturn]] void fail_to_decode(std::string_view name, const ForeignHeader& header,
                                 std::string_view reason);
// Crops are drawn from the header's size.
void check_size(std::string_view name, const ForeignHeader& header, uint64_t width,
                uint64_t height);

}  // namespace stoker::decode
