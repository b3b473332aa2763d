#include "stoker/pack/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "stoker/core/byte_reader.h"
#include "stoker/core/error.h"
#include "stoker/decode/jpeg_writer.h"
#include "stoker/kernels/augment.h"
#include "stoker/shards/npy.h"

namespace stoker::pack {
namespace {

using kernels::ImageView;

std::string_view ending_of(Bytes file) {
  switch (decode::format_of(file)) {
    case decode::ImageFormat::kJpeg:
      return "jpg";
    case decode::ImageFormat::kPng:
      return "png";
    default:
      break;
  }
  const ByteReader reader(file, ByteOrder::kBig);
  if (reader.has(8, "WEBP")) return "webp";
  if (reader.has(0, "BM")) return "bmp";
  if (reader.has(0, "GIF8")) return "gif";
  if (reader.has(0, "P")) return "ppm";
  return "tif";
}

std::vector<std::byte> npy_of(const ImageView& image) {
  const std::string header = shards::npy_header(image.width, image.height, image.channels);
  const size_t row_bytes = size_t(image.width) * size_t(image.channels);
  std::vector<std::byte> bytes(header.size() + row_bytes * size_t(image.height));
  std::memcpy(bytes.data(), header.data(), header.size());
  for (int32_t y = 0; y < image.height; ++y)
    std::memcpy(bytes.data() + header.size() + size_t(y) * row_bytes,
                image.pixels + y * image.row_bytes, row_bytes);
  return bytes;
}

int32_t scaled(int32_t side, double factor) {
  return std::max(1, static_cast<int32_t>(std::lround(side * factor)));
}

}  // namespace

// By the fused pass, whose filter is antialiased, rounded back to bytes.
ImageView Converter::shrunk(const ImageView& image, bool& is_shrunk) {
  const auto [shorter, longer] = std::minmax(image.width, image.height);
  const double factor = options_.short_side > 0  ? double(options_.short_side) / shorter
                        : options_.long_side > 0 ? double(options_.long_side) / longer
                                                 : 1;
  is_shrunk = factor < 1;
  if (!is_shrunk) return image;
  const int32_t width = scaled(image.width, factor), height = scaled(image.height, factor);
  kernels::Geometry geometry;
  geometry.box_w = float(image.width);
  geometry.box_h = float(image.height);
  geometry.grid_w = width;
  geometry.grid_h = height;
  const size_t count = size_t(width) * size_t(height) * size_t(image.channels);
  values_.resize(count);
  small_.resize(count);
  kernels::augment(image, geometry, {{1, 1, 1}, {0, 0, 0}},
                   {values_.data(), kernels::PixelType::kFloat32, width, height, image.channels},
                   0);
  std::ranges::transform(values_, small_.begin(), [](float value) {
    return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L));
  });
  return {small_.data(), width, height, image.channels, int64_t{width} * image.channels};
}

Converted Converter::stored_as_is(const data::Record& record, const ImageView& image,
                                  const std::string& name) const {
  if (record.is_decoded()) return {decode::encode_png(image), "png"};
  const std::string_view ending = ending_of(record.encoded);
  if (ending == "jpg" && !options_.keep_bytes)
    if (auto recoded = decode::recode_jpeg(record.encoded, name, limits_))
      return {std::move(*recoded), ending};
  return {{record.encoded.begin(), record.encoded.end()}, ending};
}

Converted Converter::convert(const data::Dataset& dataset, int64_t index) {
  const std::string name = dataset.name(index);
  const data::Record record = dataset.get(index, scratch_);
  const ImageView image =
      record.is_decoded() ? record.pixels : decoder_.decode(record.encoded, name, decoded_);
  bool is_shrunk = false;
  const ImageView small = shrunk(image, is_shrunk);
  Converted result;
  if (options_.raw) {
    result = {npy_of(small), "npy"};
  } else if (is_shrunk || options_.quality) {
    const int quality = options_.quality.value_or(kDefaultQuality);
    result = {decode::encode_jpeg(small, {.quality = quality}), "jpg"};
  } else {
    result = stored_as_is(record, image, name);
  }
  result.source_bytes = record.is_decoded() ? int64_t{image.width} * image.height * image.channels
                                            : std::ssize(record.encoded);
  dataset.confirm(index);
  return result;
}

}  // namespace stoker::pack
