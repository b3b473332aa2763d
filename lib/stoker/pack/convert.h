// One sample as it goes into a shard: copied, recoded without loss, shrunk and encoded, or as
// pixels.
//
//   Converter converter(options, limits);
//   Converted image = converter.convert(*dataset, 17);  // .ending "jpg", .bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/decode/decode.h"

namespace stoker::pack {

struct ConvertOptions {
  int32_t short_side = 0;  // shrink larger images to this; 0: leave the size
  int32_t long_side = 0;   // the same by the longer side; at most one of the two
  std::optional<int>
      quality;              // encode every image as JPEG; unset: only those that are shrunk, at 90
  bool raw = false;         // pixels, as .npy
  bool keep_bytes = false;  // copy JPEGs that are not shrunk as they are
};
inline constexpr int kDefaultQuality = 90;

struct Converted {
  std::vector<std::byte> bytes;
  std::string_view ending;   // jpg, png, npy, …
  int64_t source_bytes = 0;  // of the file, or of the pixels where the source stores those
};

// For one thread at a time.
class Converter {
 public:
  Converter(const ConvertOptions& options, const decode::DecodeLimits& limits)
      : options_(options), limits_(limits), decoder_(limits) {}

  // Decodes every image, so what cannot be read is known now: throws DataError or FileError.
  Converted convert(const data::Dataset& dataset, int64_t index);

 private:
  kernels::ImageView shrunk(const kernels::ImageView& image, bool& is_shrunk);
  Converted stored_as_is(const data::Record& record, const kernels::ImageView& image,
                         const std::string& name) const;

  ConvertOptions options_;
  decode::DecodeLimits limits_;
  decode::Decoder decoder_;
  std::vector<std::byte> scratch_;
  std::vector<uint8_t> decoded_, small_;
  std::vector<float> values_;
};

}  // namespace stoker::pack
