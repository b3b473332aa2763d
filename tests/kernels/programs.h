// Programs run on 8-bit images, for tests.
#pragma once

#include <vector>

#include "random_image.h"
#include "stoker/kernels/run_program.h"

namespace stoker::test {

inline kernels::Geometry whole(const kernels::ImageView& image) {
  kernels::Geometry g;
  g.box_w = static_cast<float>(image.width);
  g.box_h = static_cast<float>(image.height);
  g.grid_w = image.width;
  g.grid_h = image.height;
  return g;
}

// The image as it is after the program, HWC.
inline std::vector<uint8_t> run_on_bytes(const kernels::ImageView& image,
                                         const kernels::Program& program,
                                         kernels::CpuLevel level = kernels::cpu_level()) {
  std::vector<uint8_t> out(
      static_cast<size_t>(int64_t{image.width} * image.height * image.channels));
  kernels::augment(
      image, whole(image), program, {{1, 1, 1}, {0, 0, 0}},
      {out.data(), kernels::PixelType::kUInt8, image.width, image.height, image.channels}, 0,
      level);
  return out;
}

// Every kind of op, in random order, with random parameters.
inline kernels::Program random_program(RandomStream& random, int32_t width, int32_t height) {
  using enum kernels::OpKind;
  kernels::Program program;
  program.key = {random.bits(), 3, random.bits()};
  const auto count = static_cast<int32_t>(random.below(7));
  for (int32_t i = 0; i < count; ++i) {
    kernels::Op op{static_cast<kernels::OpKind>(random.below(15))};
    op.p[0] = random.uniform(0.0f, 2.0f);
    if (op.kind == kHue) op.p[0] = random.uniform(-0.5f, 0.5f);
    if (op.kind == kPosterize) op.p[0] = static_cast<float>(random.below(9));
    if (op.kind == kSolarize) op.p[0] = random.uniform(0.0f, 255.0f);
    if (op.kind == kGaussianNoise) op.p[0] = random.uniform(0.0f, 40.0f);
    if (op.kind == kSaltAndPepper) op.p[0] = 0.1f;
    if (op.kind == kGaussianBlur) {
      op.p[0] += 0.1f;
      op.p[1] = static_cast<float>(1 + 2 * random.below(5));
    }
    if (op.kind == kWarp) {
      for (int k = 0; k < 6; ++k)
        op.p[k] = random.uniform(-0.3f, 0.3f) + (k % 4 == 0 ? 1.0f : 0.0f);
      for (int k = 6; k < 8; ++k) op.p[k] = random.uniform(-0.01f, 0.01f);
      op.bilinear = random.coin();
      op.fill = static_cast<uint8_t>(random.below(256));
    }
    program.add(op);
  }
  if (random.coin() && width > 1 && height > 1) {
    program.erase.width = between(random, 1, width - 1);
    program.erase.height = between(random, 1, height - 1);
    program.erase.x = between(random, 0, width - program.erase.width);
    program.erase.y = between(random, 0, height - program.erase.height);
    program.erase.fill = static_cast<kernels::EraseFill>(random.below(3));
    program.erase.value = 200;
  }
  return program;
}

}  // namespace stoker::test
