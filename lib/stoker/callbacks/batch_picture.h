// Some images of a batch as the network sees them, with their classes' names, as one picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "stoker/kernels/image.h"

namespace stoker::callbacks {

enum class PictureFormat { kPng, kJpeg };

struct Picture {
  int32_t width = 0, height = 0;
  std::vector<std::byte> bytes;
};

// images: [n, C, H, W] on any device, normalised as `normalization` says, which is undone; colours
// beyond what 8 bits hold are cut. labels: [n], or shares [n, classes], of which all above 0 are
// named. Shows the first `most` images, larger than `largest_tile` pixels a side shrunk.
Picture batch_picture(const at::Tensor& images, const at::Tensor& labels,
                      const std::vector<std::string>& class_names,
                      const kernels::Normalization& normalization, int64_t most = 16,
                      int32_t largest_tile = 1 << 14, PictureFormat format = PictureFormat::kPng);

}  // namespace stoker::callbacks
