// fmix: as cutmix, with masks of any shape (Harris et al., "FMix: Enhancing Mixed Sample Data
// Augmentation", 2020, section 4): noise whose Fourier coefficients fall with the frequency, of
// which the highest pixels, as many as the share asks for, are the image's own.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "stoker/algorithms/mixing.h"

namespace stoker::algorithms {

struct FmixOptions {
  double alpha = 1;
  double probability = 1;
  MixPer per = MixPer::kBatch;
  double decay = 3;
};
void describe(FmixOptions& options, config::Fields& fields);
std::unique_ptr<train::Algorithm> make_fmix(const FmixOptions& options, train::State& state);

// Bool [height, width] on the CPU with round(kept * height * width) pixels set, in few pieces the
// larger decay is: coefficients are divided by the frequency to its power.
at::Tensor fmix_mask(int64_t height, int64_t width, double kept, double decay,
                     RandomStream& random);

}  // namespace stoker::algorithms
