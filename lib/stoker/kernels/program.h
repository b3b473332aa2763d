// What is done to one image between the geometric pass and normalisation: a short list of
// operations with their parameters, plain data that host and device read alike.
//
//   Program program{.key = {seed, epoch, sample}};
//   program.add({OpKind::kBrightness, {1.3f}});
//   program.add({OpKind::kEqualize});
//   augment(image, geometry, program, normalization, output, slot);
//
// Operations see the image at its final size, in 8 bits and in order; each rounds to 8 bits, as
// torchvision's do on uint8 tensors, whose formulas these are. A program with operations rounds the
// resampled image too; one without leaves the fused pass as it is. C++17, no torch.
#pragma once

#include <cstdint>

#include "stoker/core/host_device.h"
#include "stoker/core/random.h"

namespace stoker::kernels {

// p[i] are the op's parameters. The order of the groups is used by the functions below.
enum class OpKind : uint8_t {
  // A pixel by itself.
  kBrightness,     // p[0]: factor
  kSaturation,     // p[0]: factor; 0 is gray
  kHue,            // p[0]: turn, in [-0.5, 0.5] of the circle
  kGrayscale,      //
  kPosterize,      // p[0]: bits kept, 0 to 8
  kSolarize,       // p[0]: values from this one on are inverted
  kInvert,         //
  kGaussianNoise,  // p[0]: standard deviation, of values from 0 to 255
  kSaltAndPepper,  // p[0]: share of the pixels, half of them black, half white
  // A pixel by itself once the whole image has been measured.
  kContrast,      // p[0]: factor; 0 is the image's mean gray
  kAutocontrast,  //
  kEqualize,      //
  // A pixel from its neighbours.
  kSharpness,     // p[0]: factor; 0 is smoothed, 1 as it is
  kGaussianBlur,  // p[0]: sigma in pixels; p[1]: side of the kernel, odd
  // A pixel from elsewhere: output (x, y), centres at + 0.5, shows the input at
  // ((p0 x + p1 y + p2) / w, (p3 x + p4 y + p5) / w), w = p6 x + p7 y + 1.
  kWarp,
};

struct Op {
  static constexpr int kParameters = 8;

  OpKind kind = OpKind::kInvert;
  float p[kParameters] = {};
  bool bilinear = false;  // kWarp, else nearest
  uint8_t fill = 0;       // kWarp: what shows outside the input
};

enum class EraseFill : uint8_t {
  kConstant,  // `value`, before normalisation
  kMean,      // zero after normalisation
  kNoise,     // standard normal after normalisation, by pixel and channel
};

// A box of the output that is painted over. width 0: nothing.
struct Erase {
  int32_t x = 0, y = 0, width = 0, height = 0;
  EraseFill fill = EraseFill::kMean;
  float value = 0;
};

struct Program {
  static constexpr int kMostOps = 16;

  StreamKey key;  // noise is a function of it, the op's place and the pixel
  int32_t count = 0;
  Op ops[kMostOps];
  Erase erase;

  // Precondition: count < kMostOps.
  void add(const Op& op) { ops[count++] = op; }
  bool empty() const { return count == 0 && erase.width == 0; }
};

STOKER_HOST_DEVICE inline bool is_measured(OpKind kind) {
  return kind >= OpKind::kContrast && kind <= OpKind::kEqualize;
}
STOKER_HOST_DEVICE inline bool reads_other_pixels(OpKind kind) {
  return kind >= OpKind::kSharpness;
}

// One trip over the pixels: a read of the image as the pass before left it, then ops that need
// nothing but the pixel. A program is cut before every op that needs more.
struct Pass {
  int32_t read = -1;           // the op that reads neighbours or elsewhere; -1: the pixel itself
  int32_t first = 0, end = 0;  // ops on the pixel; the first may be a measured one
  bool last = true;
};

STOKER_HOST_DEVICE inline bool cuts(OpKind kind) {
  return is_measured(kind) || reads_other_pixels(kind);
}

STOKER_HOST_DEVICE inline int32_t pass_count(const Program& program) {
  int32_t passes = 1;
  for (int32_t i = 0; i < program.count; ++i) passes += cuts(program.ops[i].kind);
  return passes;
}

// Pass `number` of pass_count(); pass 0 reads the source by its geometry.
STOKER_HOST_DEVICE inline Pass pass_of(const Program& program, int32_t number) {
  int32_t i = 0;
  for (int32_t cut = 0; i < program.count; ++i)
    if (cuts(program.ops[i].kind) && cut++ == number - 1) break;
  Pass pass;
  if (number > 0) {
    if (reads_other_pixels(program.ops[i].kind)) pass.read = i;
    pass.first = pass.read == i ? i + 1 : i;
    ++i;
  } else {
    i = 0;
  }
  while (i < program.count && !cuts(program.ops[i].kind)) ++i;
  pass.end = i;
  pass.last = i == program.count;
  return pass;
}

}  // namespace stoker::kernels
