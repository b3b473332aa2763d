// Weights that were made for images of another size or number of channels, fitted to a model.
//
//   if (auto fitted = resize_positions(file, {.prefix = 1, .height = 14, .width = 20})) …
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace stoker::weights {

// Rows of an embedding of positions: `prefix` of tokens without a place, then a grid row by row.
struct PositionShape {
  int64_t prefix = 0;
  int64_t height = 0;
  int64_t width = 0;
};

// positions: [1, prefix + side * side, width] for some side; returns [1, prefix + height * width,
// width] of the same dtype: the grid by bicubic interpolation with antialiasing in float32, the
// prefix as it is, as timm's resample_abs_pos_embed. Tables of biases by distance too, [side *
// side, heads] and [heads, side, side], without a prefix. Nothing where the rows are no such
// square.
std::optional<at::Tensor> resize_positions(const at::Tensor& positions, const PositionShape& shape);

// The weight [O, C, R, S] of a first convolution for `channels` channels, as timm's
// adapt_input_conv: for one the sum over those of the file, for others, from 3, these in turns,
// times 3 / channels. Nothing from another number than 3 to another than 1.
std::optional<at::Tensor> fit_channels(const at::Tensor& weight, int64_t channels);

}  // namespace stoker::weights
