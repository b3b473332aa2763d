// The operations that learned and random policies choose from, and how strong each is.
//
// AutoAugment (Cubuk et al., CVPR 2019), RandAugment (Cubuk et al., NeurIPS 2020) and
// TrivialAugment Wide (Müller and Hutter, ICCV 2021), with torchvision's magnitudes, which are
// those of the papers.
//
//   const Magnitude m = magnitude_of(PolicySpace::kStandard, PolicyOp::kRotate, 9, 31, size);
//   append(PolicyOp::kRotate, m.value, size, look, program);
#pragma once

#include <optional>

#include "stoker/augment/warp.h"
#include "stoker/core/random.h"

namespace stoker::augment {

// RandAugment and TrivialAugment draw from the first kRandomPolicyOps.
enum class PolicyOp : uint8_t {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutocontrast,
  kEqualize,
  kInvert,
};
constexpr uint32_t kRandomPolicyOps = 14;

enum class PolicySpace { kStandard, kWide };  // AutoAugment and RandAugment; TrivialAugment Wide

struct Magnitude {
  float value = 0;  // 0 for ops without one
  bool is_signed = false;
};

// Magnitude `index` of `bins` (at least 2) from the weakest to the strongest. Translations depend
// on the image's size.
Magnitude magnitude_of(PolicySpace space, PolicyOp op, int64_t index, int64_t bins, Size size);

// Adds the op to the program; the value's sign is its direction.
void append(PolicyOp op, double value, Size size, const WarpLook& look, kernels::Program& program);

// append() with the sign drawn where the op has one.
void append_drawn(PolicyOp op, const Magnitude& magnitude, Size size, const WarpLook& look,
                  RandomStream& random, kernels::Program& program);

}  // namespace stoker::augment
