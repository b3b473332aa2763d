// One pixel of one pass of a program, for host and device. program.cu calls program_pixel for every
// output pixel, pass by pass; program.cpp works through the same passes row by row, and tests hold
// the two together. C++17, no torch.
#pragma once

#include "stoker/kernels/augment_body.h"
#include "stoker/kernels/filter_body.h"
#include "stoker/kernels/measure_body.h"
#include "stoker/kernels/point_body.h"

namespace stoker::kernels {

// What a batch needs between passes, [count, height, width, channels] of the output each.
struct ProgramScratch {
  uint8_t* pixels[2] = {nullptr, nullptr};  // pass n reads number (n - 1) % 2, writes n % 2
  uint8_t* tables = nullptr;                // [count, 3, 256]

  static constexpr int64_t kTableBytes = 3 * 256;
};

STOKER_HOST_DEVICE inline ImageView scratch_view(const uint8_t* pixels, const OutputView& output,
                                                 int64_t index) {
  const int64_t row_bytes = int64_t{output.width} * output.channels;
  return {pixels + row_bytes * output.height * index, output.width, output.height, output.channels,
          row_bytes};
}

STOKER_HOST_DEVICE inline bool erases(const Erase& e, int32_t x, int32_t y) {
  return x >= e.x && y >= e.y && x < e.x + e.width && y < e.y + e.height;
}

// The place of the erasing noise among the ops; those number from 0.
constexpr int32_t kEraseSlot = 255;

// Values after normalisation of an erased pixel.
STOKER_HOST_DEVICE inline Pixel erased_pixel(const Program& program,
                                             const Normalization& normalization, int32_t at) {
  if (program.erase.fill == EraseFill::kMean) return {};
  Pixel pixel;
  if (program.erase.fill == EraseFill::kNoise) {
    const Normals noise = normals_of(noise_words(program.key, kEraseSlot, at));
    for (int c = 0; c < 3; ++c) pixel.channel[c] = noise.value[c];
    return pixel;
  }
  for (int c = 0; c < 3; ++c)
    pixel.channel[c] = program.erase.value * normalization.scale[c] + normalization.bias[c];
  return pixel;
}

struct PointPixel {
  const Op& op;
  const PointContext& context;
  int32_t at;
  Pixel& pixel;
  template <OpKind kKind>
  STOKER_HOST_DEVICE void operator()() const {
    apply_point<kKind>(op, context, at, pixel);
  }
};

STOKER_HOST_DEVICE inline Pixel pixel_before_ops(const ImageView& image, const Geometry& g,
                                                 const Program& program, const Pass& pass,
                                                 int32_t number, const ProgramScratch& scratch,
                                                 const OutputView& output, int64_t index, int32_t x,
                                                 int32_t y) {
  Pixel pixel;
  if (number == 0) {
    pixel = shown_pixel(image, g, output, x, y);
    if (program.count > 0)
      for (float& value : pixel.channel) value = rounded(clamped(value));
  } else {
    const ImageView before = scratch_view(scratch.pixels[(number - 1) % 2], output, index);
    if (pass.read >= 0) {
      pixel = filtered_pixel(before, program.ops[pass.read], x, y);
    } else {
      const uint8_t* in = before.at(x, y);
      for (int32_t c = 0; c < output.channels; ++c) pixel.channel[c] = in[c];
    }
  }
  if (output.channels == 1) pixel.channel[1] = pixel.channel[2] = pixel.channel[0];
  return pixel;
}

// Pixel (x, y) of pass `number` of image `index`. Nothing where the program has fewer passes.
STOKER_HOST_DEVICE inline void program_pixel(const ImageView& image, const Geometry& g,
                                             const Program& program, int32_t number,
                                             const ProgramScratch& scratch,
                                             const Normalization& normalization,
                                             const OutputView& output, int64_t index, int32_t x,
                                             int32_t y) {
  if (number >= pass_count(program)) return;
  const Pass pass = pass_of(program, number);
  const int32_t at = y * output.width + x;
  if (pass.last && erases(program.erase, x, y)) {
    const Pixel pixel = erased_pixel(program, normalization, at);
    for (int32_t c = 0; c < output.channels; ++c)
      store(pixel.channel[c], output, element_of(output, index, x, y) + c);
    return;
  }
  Pixel pixel = pixel_before_ops(image, g, program, pass, number, scratch, output, index, x, y);
  for (int32_t i = pass.first; i < pass.end; ++i) {
    const Op& op = program.ops[i];
    if (output.channels == 1 && needs_color(op.kind)) continue;
    const PointContext context{program.key, i, scratch.tables + ProgramScratch::kTableBytes * index,
                               output.channels};
    with_point_kind(op.kind, PointPixel{op, context, at, pixel});
  }
  if (pass.last) return store_pixel(pixel, normalization, output, index, x, y);
  uint8_t* to = scratch.pixels[number % 2] + element_of(output, index, x, y);
  for (int32_t c = 0; c < output.channels; ++c)
    to[c] = static_cast<uint8_t>(static_cast<int32_t>(pixel.channel[c]));
}

}  // namespace stoker::kernels
