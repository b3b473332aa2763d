#include "stoker/weights/resized.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/cat.h>

#include <cmath>

namespace stoker::weights {

namespace {

// [1, C, side, side] to [1, C, height, width], in float32.
at::Tensor resized_map(const at::Tensor& map, const PositionShape& shape) {
  return at::_upsample_bicubic2d_aa(map.to(at::kFloat), {shape.height, shape.width},
                                    /*align_corners=*/false);
}

}  // namespace

std::optional<at::Tensor> resize_positions(const at::Tensor& positions,
                                           const PositionShape& shape) {
  const at::NoGradGuard no_grad;
  if (positions.dim() == 2 && shape.prefix == 0) {
    const auto made = resize_positions(positions.unsqueeze(0), shape);
    return made ? std::optional(made->squeeze(0)) : std::nullopt;
  }
  if (positions.dim() == 3 && positions.size(0) > 1 && positions.size(1) == positions.size(2) &&
      positions.is_floating_point() && shape.prefix == 0)
    return resized_map(positions.unsqueeze(0), shape).squeeze(0).to(positions.scalar_type());
  if (positions.dim() != 3 || positions.size(0) != 1 || !positions.is_floating_point())
    return std::nullopt;
  const int64_t cells = positions.size(1) - shape.prefix;
  const int64_t side = std::llround(std::sqrt(static_cast<double>(std::max<int64_t>(cells, 0))));
  if (side < 1 || side * side != cells) return std::nullopt;
  const at::Tensor grid =
      positions.narrow(1, shape.prefix, cells).reshape({1, side, side, -1}).permute({0, 3, 1, 2});
  const at::Tensor resized = resized_map(grid, shape)
                                 .permute({0, 2, 3, 1})
                                 .reshape({1, shape.height * shape.width, -1})
                                 .to(positions.scalar_type());
  return at::cat({positions.narrow(1, 0, shape.prefix), resized}, 1);
}

std::optional<at::Tensor> fit_channels(const at::Tensor& weight, int64_t channels) {
  constexpr int64_t kColors = 3;
  const at::NoGradGuard no_grad;
  if (weight.dim() != 4 || !weight.is_floating_point() || channels < 1) return std::nullopt;
  const at::Tensor wide = weight.to(at::kFloat);
  if (channels == 1) return wide.sum(1, /*keepdim=*/true).to(weight.scalar_type());
  if (weight.size(1) != kColors) return std::nullopt;
  const at::Tensor turns = wide.repeat({1, (channels + kColors - 1) / kColors, 1, 1});
  const double share = static_cast<double>(kColors) / static_cast<double>(channels);
  return turns.narrow(1, 0, channels).mul(share).to(weight.scalar_type());
}

}  // namespace stoker::weights
