// pad_crop: pads every side and takes a random window, as CIFAR training does.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "stoker/augment/step.h"
#include "stoker/kernels/image.h"

namespace stoker::augment {

enum class PadMode { kReflect, kZero, kEdge };
std::span<const std::string_view> enum_names(PadMode);  // reflect, zero, edge

struct PadCropOptions {
  std::vector<int64_t> size;
  int64_t pad = 0;
  PadMode mode = PadMode::kReflect;
};
void describe(PadCropOptions& options, config::Fields& fields);

std::unique_ptr<GeometricStep> build_pad_crop(const PadCropOptions& options);

}  // namespace stoker::augment
