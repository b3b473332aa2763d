// Operations on one pixel by itself, for host and device. Values are whole numbers from 0 to 255 in
// floats, before and after. Formulas and their rounding as in torchvision's v2 functions on uint8
// tensors.
//
//   apply_point(op, {program.key, slot, table, channels}, y * width + x, pixel);
//
// C++17, no torch.
#pragma once

#include "stoker/kernels/augment_body.h"
#include "stoker/kernels/noise_body.h"
#include "stoker/kernels/program.h"

namespace stoker::kernels {

STOKER_HOST_DEVICE inline float clamped(float value) {
  value = value < 0.0f ? 0.0f : value;
  return value > 255.0f ? 255.0f : value;
}
// For values in [0, 2^31).
STOKER_HOST_DEVICE inline float whole(float value) {
  return static_cast<float>(static_cast<int32_t>(value));
}
// Towards zero, as a conversion to uint8 does.
STOKER_HOST_DEVICE inline float cut_off(float value) { return whole(clamped(value)); }

// torchvision's weights, which differ from luma()'s in the fourth digit; rounded down.
STOKER_HOST_DEVICE inline float gray_of(const Pixel& p) {
  return whole(p.channel[0] * 0.2989f + p.channel[1] * 0.587f + p.channel[2] * 0.114f);
}

STOKER_HOST_DEVICE inline float blend(float value, float other, float ratio) {
  return cut_off(value * ratio + other * (1.0f - ratio));
}

STOKER_HOST_DEVICE inline void saturate(float factor, Pixel& p) {
  const float gray = gray_of(p);
  for (float& value : p.channel) value = blend(value, gray, factor);
}

// Hue, saturation and value as in Smith, "Color Gamut Transform Pairs", SIGGRAPH 1978, with the hue
// turned. Free of branches, so that loops over it vectorise.
STOKER_HOST_DEVICE inline void turn_hue(float turn, Pixel& p) {
  const float r = p.channel[0] / 255.0f, g = p.channel[1] / 255.0f, b = p.channel[2] / 255.0f;
  const float largest = r > g ? (r > b ? r : b) : (g > b ? g : b);
  const float smallest = r < g ? (r < b ? r : b) : (g < b ? g : b);
  const float range = largest - smallest;
  const float divisor = range == 0.0f ? 1.0f : range;
  const float saturation = range / (range == 0.0f ? 1.0f : largest);
  const float rc = (largest - r) / divisor, gc = (largest - g) / divisor,
              bc = (largest - b) / divisor;
  const float from_red = bc - gc, from_green = rc + 2.0f - bc, from_blue = gc + 4.0f - rc;
  const float not_red = largest == g ? from_green : from_blue;
  const float sixths = largest == r ? from_red : not_red;
  float hue = sixths * (1.0f / 6.0f) + 1.0f + turn;  // in [0.3, 2.4)
  hue -= whole(hue);
  const float scaled = hue * 6.0f;
  const float sector = whole(scaled);  // 6 where the product rounds up, and then as 0
  const float fraction = scaled - sector;
  const float low = (1.0f - saturation) * largest;
  const float falling = (1.0f - saturation * fraction) * largest;
  const float rising = (saturation * fraction + (1.0f - saturation)) * largest;
  float red = sector < 5.0f ? rising : largest;
  red = sector < 4.0f ? low : red;
  red = sector < 2.0f ? falling : red;
  red = sector < 1.0f ? largest : red;
  float green = sector < 4.0f ? falling : low;
  green = sector < 3.0f ? largest : green;
  green = sector < 1.0f ? rising : green;
  float blue = sector < 6.0f ? falling : low;
  blue = sector < 5.0f ? largest : blue;
  blue = sector < 3.0f ? rising : blue;
  blue = sector < 2.0f ? low : blue;
  // Just below 256, so that every one of the 256 values has an equal share of [0, 1].
  constexpr float kScale = 255.999f;
  p.channel[0] = cut_off(red * kScale);
  p.channel[1] = cut_off(green * kScale);
  p.channel[2] = cut_off(blue * kScale);
}

STOKER_HOST_DEVICE inline void posterize(float bits, Pixel& p) {
  const int32_t mask = 0xFF00 >> static_cast<int32_t>(bits);
  for (float& value : p.channel) value = static_cast<float>(static_cast<int32_t>(value) & mask);
}

STOKER_HOST_DEVICE inline void solarize(float threshold, Pixel& p) {
  for (float& value : p.channel) value = value >= threshold ? 255.0f - value : value;
}

struct PointContext {
  StreamKey key;
  int32_t slot = 0;                // the op's place in the program
  const uint8_t* table = nullptr;  // kEqualize: [3][256], by channel and value
  int32_t channels = 3;
};

STOKER_HOST_DEVICE inline void add_noise(float sigma, const PointContext& context, int32_t at,
                                         Pixel& p) {
  const Normals noise = normals_of(noise_words(context.key, context.slot, at));
  for (int c = 0; c < 3; ++c)
    p.channel[c] = rounded(clamped(p.channel[c] + sigma * noise.value[c]));
}

STOKER_HOST_DEVICE inline void salt_and_pepper(float share, const PointContext& context, int32_t at,
                                               Pixel& p) {
  const float u = unit_of(noise_words(context.key, context.slot, at).word[0]);
  for (float& value : p.channel) value = u < 0.5f * share ? 0.0f : (u < share ? 255.0f : value);
}

// A template by kind, so that a loop over a row has no choice left within it.
template <OpKind kKind>
STOKER_HOST_DEVICE inline void apply_point(const Op& op, const PointContext& context, int32_t at,
                                           Pixel& p) {
  if constexpr (kKind == OpKind::kBrightness) {
    for (float& value : p.channel) value = cut_off(value * op.p[0]);
  } else if constexpr (kKind == OpKind::kSaturation) {
    saturate(op.p[0], p);
  } else if constexpr (kKind == OpKind::kHue) {
    turn_hue(op.p[0], p);
  } else if constexpr (kKind == OpKind::kGrayscale) {
    p.channel[0] = p.channel[1] = p.channel[2] = gray_of(p);
  } else if constexpr (kKind == OpKind::kPosterize) {
    posterize(op.p[0], p);
  } else if constexpr (kKind == OpKind::kSolarize) {
    solarize(op.p[0], p);
  } else if constexpr (kKind == OpKind::kInvert) {
    for (float& value : p.channel) value = 255.0f - value;
  } else if constexpr (kKind == OpKind::kGaussianNoise) {
    add_noise(op.p[0], context, at, p);
  } else if constexpr (kKind == OpKind::kSaltAndPepper) {
    salt_and_pepper(op.p[0], context, at, p);
  } else if constexpr (kKind == OpKind::kContrast) {  // p[1]: the mean, measured
    for (float& value : p.channel) value = blend(value, op.p[1], op.p[0]);
  } else if constexpr (kKind == OpKind::kAutocontrast) {  // p[c]: least; p[3 + c]: range / 255
    for (int c = 0; c < 3; ++c) p.channel[c] = cut_off((p.channel[c] - op.p[c]) / op.p[3 + c]);
  } else if constexpr (kKind == OpKind::kEqualize) {
    for (int c = 0; c < 3; ++c)
      p.channel[c] = context.table[256 * c + static_cast<int32_t>(p.channel[c])];
  }
}

// Whether an op does nothing to an image of this many channels.
STOKER_HOST_DEVICE inline bool needs_color(OpKind kind) {
  return kind == OpKind::kSaturation || kind == OpKind::kHue || kind == OpKind::kGrayscale;
}

// Calls f with the kind as a constant, for kinds on single pixels.
template <class F>
STOKER_HOST_DEVICE inline void with_point_kind(OpKind kind, F&& f) {
  switch (kind) {
#define STOKER_POINT(name) \
  case OpKind::name:       \
    return f.template operator()<OpKind::name>();
    STOKER_POINT(kBrightness)
    STOKER_POINT(kSaturation)
    STOKER_POINT(kHue)
    STOKER_POINT(kGrayscale)
    STOKER_POINT(kPosterize)
    STOKER_POINT(kSolarize)
    STOKER_POINT(kInvert)
    STOKER_POINT(kGaussianNoise)
    STOKER_POINT(kSaltAndPepper)
    STOKER_POINT(kContrast)
    STOKER_POINT(kAutocontrast)
    STOKER_POINT(kEqualize)
#undef STOKER_POINT
    default:
      return;
  }
}

}  // namespace stoker::kernels
