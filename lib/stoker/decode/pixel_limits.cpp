#include "stoker/decode/pixel_limits.h"

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::decode {

void check_pixels(std::string_view name, uint64_t width, uint64_t height,
                  const DecodeLimits& limits) {
  if (width == 0 || height == 0)
    throw DataError(
        fmt::format("{}: the header says {}x{}: no pixels", shown(name), width, height));
  constexpr uint64_t kMaxSide = uint64_t{1} << 24;  // keeps the product far from overflow
  const auto limit = static_cast<uint64_t>(limits.max_pixels);
  if (width > kMaxSide || height > kMaxSide || width * height > limit)
    throw DataError(
        fmt::format("{}: {}x{} are more than the {:.1f} megapixels that data.max_megapixels allows",
                    shown(name), width, height, static_cast<double>(limit) / 1e6));
}

void check_compression(std::string_view name, uint64_t width, uint64_t height, uint64_t file_bytes,
                       uint64_t max_pixels_per_byte) {
  if (width * height / max_pixels_per_byte > file_bytes)
    throw DataError(
        fmt::format("{}: the header says {}x{}, which {} bytes cannot hold: the file "
                    "is truncated or its header is wrong",
                    shown(name), width, height, file_bytes));
}

}  // namespace stoker::decode
