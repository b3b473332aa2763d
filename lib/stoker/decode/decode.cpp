#include "stoker/decode/decode.h"

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"
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

// Kinds of files that often stand among images.
std::string_view foreign_kind(Bytes file) {
  const ByteReader reader(file, ByteOrder::kBig);
  if (reader.has(4, "ftypavif") || reader.has(4, "ftypheic") || reader.has(4, "ftypmif1"))
    return "an AVIF or HEIC image, which is not read; convert it to PNG or JPEG";
  if (reader.has(0, "\xFF\x0A") || reader.has(4, "JXL "))
    return "a JPEG XL image, which is not read; convert it to PNG or JPEG";
  for (const char* start : {"<!DOCTYPE", "<!doctype", "<html", "<HTML", "<?xml"})
    if (reader.has(0, start)) return "a web page or XML, as failed downloads leave";
  return "not an image in a known format (JPEG, PNG, WebP, BMP, TIFF, PNM, GIF)";
}

[[noreturn]] void fail_unknown(Bytes file, std::string_view name) {
  if (file.empty()) throw DataError(fmt::format("{}: the file is empty", name));
  throw DataError(
      fmt::format("{}: {}; it starts with {}", name, foreign_kind(file), first_bytes(file)));
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

kernels::ImageView Decoder::decode(Bytes file, std::string_view name,
                                   std::vector<uint8_t>& buffer) {
  kernels::ImageView image;
  int orientation = 1;
  switch (format_of(file)) {
    case ImageFormat::kJpeg: {
      const JpegDecoder::Decoded decoded = impl_->jpeg.decode(file, name, impl_->limits, buffer);
      image = decoded.image;
      orientation = decoded.orientation;
      break;
    }
    case ImageFormat::kPng: {
      const DecodedPng decoded = decode_png(file, name, impl_->limits, buffer);
      image = decoded.image;
      orientation = decoded.orientation;
      break;
    }
    case ImageFormat::kOther:
      return decode_other(file, name, impl_->limits, buffer);
    case ImageFormat::kUnknown:
      fail_unknown(file, name);
  }
  if (orientation == 1) return image;
  image = turn_upright(image, orientation, impl_->stored);
  buffer.swap(impl_->stored);
  return image;
}

}  // namespace stoker::decode
