// Sharpness, blur and warps of a whole 8-bit image on the CPU, on the calling thread.
#pragma once

#include <vector>

#include "stoker/kernels/cpu_level.h"
#include "stoker/kernels/filter_body.h"

namespace stoker::kernels {

struct FilterScratch {
  std::vector<uint8_t> padded;
  std::vector<float> row;
  std::vector<float> weights;
};

// `out`: as many bytes as the image has, rows without gaps; not the image itself.
void filter(const ImageView& image, const Op& op, CpuLevel level, FilterScratch& scratch,
            uint8_t* out);

}  // namespace stoker::kernels
