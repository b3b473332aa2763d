#include "stoker/decode/decode.h"

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"
#include "stoker/decode/foreign_kind.h"
#include "stoker/decode/jpeg.h"
#include "stoker/decode/orientation.h"
#include "stoker/decode/other_formats.h"
#include "stoker/decode/png.h"

namespace stoker::decode {
namespace {

// The first bytes as a person can look them up.
std::string first_bytes(Bytes file) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(file.size(), 8); ++i)
    text += fmt::format("{}{:02x}", i ? " " : "", static_cast<unsigned>(file[i]));
  return text;
}

[[noreturn]] void fail_unknown(Bytes file, std::string_view name) {
  if (file.empty())
    throw DataError(fmt::format("{}: the file is empty; get it again", shown(name)));
  throw DataError(
      fmt::format("{}: {}; it starts with {}", shown(name), foreign_kind(file), first_bytes(file)));
}

}  // namespace

ImageFormat format_of(Bytes file) {
  const ByteReader reader(file, ByteOrder::kBig);
  if (reader.has(0, "\xFF\xD8\xFF")) return ImageFormat::kJpeg;
  if (reader.has(0, "\x89PNG\r\n\x1A\n")) return ImageFormat::kPng;
  return is_other_format(file) ? ImageFormat::kOther : ImageFormat::kUnknown;
}

struct Decoder::Impl {
  DecodeLimits limits;
  JpegDecoder jpeg;
  std::vector<uint8_t> stored;  // pixels before they are turned upright

  // `image` lies in `buffer`; so does what is returned.
  kernels::ImageView upright(const kernels::ImageView& image, int orientation,
                             std::vector<uint8_t>& buffer);
};

Decoder::Decoder(DecodeLimits limits) : impl_(std::make_unique<Impl>()) { impl_->limits = limits; }
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

ImageInfo Decoder::probe(Bytes file, std::string_view name) {
  switch (format_of(file)) {
    case ImageFormat::kJpeg:
      return impl_->jpeg.probe(file, name, impl_->limits);
    case ImageFormat::kPng:
      return probe_png(file, name, impl_->limits);
    case ImageFormat::kOther:
      return probe_other(file, name, impl_->limits);
    case ImageFormat::kUnknown:
      break;
  }
  fail_unknown(file, name);
}

kernels::ImageView Decoder::Impl::upright(const kernels::ImageView& image, int orientation,
                                          std::vector<uint8_t>& buffer) {
  if (orientation == 1) return image;
  const kernels::ImageView turned = turn_upright(image, orientation, stored);
  buffer.swap(stored);
  return turned;
}

kernels::ImageView Decoder::decode(Bytes file, std::string_view name,
                                   std::vector<uint8_t>& buffer) {
  switch (format_of(file)) {
    case ImageFormat::kJpeg: {
      const auto decoded = impl_->jpeg.decode(file, name, impl_->limits, buffer);
      return impl_->upright(decoded.image, decoded.orientation, buffer);
    }
    case ImageFormat::kPng: {
      const DecodedPng decoded = decode_png(file, name, impl_->limits, buffer);
      return impl_->upright(decoded.image, decoded.orientation, buffer);
    }
    case ImageFormat::kOther: {
      const DecodedOther decoded = decode_other(file, name, impl_->limits, buffer);
      return impl_->upright(decoded.image, decoded.orientation, buffer);
    }
    case ImageFormat::kUnknown:
      break;
  }
  fail_unknown(file, name);
}

kernels::ImageView Decoder::decode_region(Bytes file, std::string_view name,
                                          const kernels::Region& region, int shrink,
                                          std::vector<uint8_t>& buffer) {
  if (format_of(file) != ImageFormat::kJpeg) {
    STOKER_CHECK(shrink == 1, "shrink={} of {}", shrink, name);
    return decode(file, name, buffer);
  }
  const auto decoded = impl_->jpeg.decode_region(file, name, impl_->limits, region, shrink, buffer);
  return impl_->upright(decoded.image, decoded.orientation, buffer);
}

int allowed_shrink(const ImageInfo& info, int wanted) {
  if (info.format != ImageFormat::kJpeg) return 1;
  // Blocks begin at the stored image's top left. Seen from another corner they line up only where
  // whole pixels of the shrunk image fill the side.
  const auto lines_up = [&info](int shrink) {
    return info.orientation == 1 || (info.width % shrink == 0 && info.height % shrink == 0);
  };
  int shrink = 1;
  while (shrink < 8 && 2 * shrink <= wanted && lines_up(2 * shrink)) shrink *= 2;
  return shrink;
}

}  // namespace stoker::decode
