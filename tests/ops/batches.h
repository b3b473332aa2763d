// Batches as the loader would make them.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "stoker/core/random.h"
#include "stoker/loader/loader.h"

namespace stoker::test {

constexpr kernels::Normalization kNormalization{{0.017f, 0.018f, 0.019f}, {-2.1f, -2.0f, -1.8f}};

// The batch owns memory of `source` and counts in `given_back` when it lets go.
inline void own_pixels(loader::Batch& batch, loader::BatchMemory& source, size_t bytes,
                       int& given_back) {
  batch.pixels = source.allocate(bytes);
  batch.pixels_bytes = bytes;
  batch.give_back = [&source, &given_back, memory = batch.pixels, bytes] {
    source.release(memory, bytes);
    ++given_back;
  };
}

// count x 5 x 7 x 3 of float32 0, 1, 2, …
inline std::unique_ptr<loader::Batch> augmented_batch(loader::BatchMemory& memory, int64_t count,
                                                      int& given_back) {
  auto batch = std::make_unique<loader::Batch>();
  batch->chunk = {0, 0, count};
  batch->count = count;
  batch->height = 5;
  batch->width = 7;
  batch->channels = 3;
  const auto values = static_cast<size_t>(count * 5 * 7 * 3);
  own_pixels(*batch, memory, std::max<size_t>(values * sizeof(float), 1), given_back);
  for (size_t i = 0; i < values; ++i) static_cast<float*>(batch->pixels)[i] = static_cast<float>(i);
  for (int64_t i = 0; i < count; ++i) {
    batch->samples.push_back(100 + i);
    batch->labels.push_back(7 * i + 1);
  }
  return batch;
}

// Images of many sizes, every second one grayscale, to 6 x 9.
inline std::unique_ptr<loader::Batch> decoded_batch(loader::BatchMemory& memory, int64_t count,
                                                    int& given_back, uint64_t seed = 0) {
  RandomStream random({.seed = seed}, Purpose::kSynthesize);
  auto batch = std::make_unique<loader::Batch>();
  batch->count = count;
  batch->height = 6;
  batch->width = 9;
  batch->channels = 3;
  int64_t bytes = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto width = static_cast<int32_t>(10 + random.below(20));
    const auto height = static_cast<int32_t>(8 + random.below(30));
    const int32_t channels = i % 2 == 0 ? 3 : 1;
    batch->images.push_back({nullptr, width, height, channels, int64_t{width} * channels});
    batch->geometries.push_back({1, 2, static_cast<float>(width - 2),
                                 static_cast<float>(height - 3), 9, 6,
                                 static_cast<int32_t>(random.below(3)) - 1, 1, random.coin(),
                                 random.coin(), kernels::Border::kReflect});
    batch->labels.push_back(i);
    batch->samples.push_back(i);
    bytes += int64_t{width} * height * channels;
  }
  own_pixels(*batch, memory, static_cast<size_t>(bytes), given_back);
  auto* pixels = static_cast<uint8_t*>(batch->pixels);
  for (int64_t i = 0; i < bytes; ++i) pixels[i] = static_cast<uint8_t>(random.below(256));
  for (kernels::ImageView& image : batch->images) {
    image.pixels = pixels;
    pixels += image.row_bytes * image.height;
  }
  return batch;
}

}  // namespace stoker::test
