#include "stoker/models/windows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>

namespace stoker::models {
namespace {

constexpr double kApart = -100;  // as the original: the share becomes nothing

// [N, H, W, C] to [N * windows, tokens, C]; H and W are whole windows.
at::Tensor split(const at::Tensor& x, const MapSize& window) {
  const int64_t rows = x.size(1) / window.height, columns = x.size(2) / window.width;
  return x.reshape({x.size(0), rows, window.height, columns, window.width, x.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, window.height * window.width, x.size(3)});
}

// And back.
at::Tensor joined(const at::Tensor& windows, const MapSize& map, const MapSize& window) {
  const int64_t rows = map.height / window.height, columns = map.width / window.width;
  return windows.reshape({-1, rows, columns, window.height, window.width, windows.size(2)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, map.height, map.width, windows.size(2)});
}

// For each two tokens of a window the row of the table that their distance has.
at::Tensor distances(const MapSize& window) {
  const at::Tensor at = at::arange(window.height * window.width, at::kLong);
  const at::Tensor row = at.div(window.width, "floor"), column = at.remainder(window.width);
  const auto apart = [](const at::Tensor& x, int64_t size) {
    return x.unsqueeze(1) - x.unsqueeze(0) + (size - 1);
  };
  return (apart(row, window.height) * (2 * window.width - 1) + apart(column, window.width))
      .flatten();
}

// The parts of a side that a shift leaves neighbours: 0 … size - window, … size - shift, … size.
std::array<int64_t, 4> parts(int64_t size, int64_t window, int64_t shift) {
  return {0, size - window, size - shift, size};
}

at::Tensor mask_of(const WindowShape& shape) {
  const MapSize map = shape.padded();
  const at::Tensor part = at::zeros({1, map.height, map.width, 1});
  const auto rows = parts(map.height, shape.window.height, shape.shift.height);
  const auto columns = parts(map.width, shape.window.width, shape.shift.width);
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      part.narrow(1, rows[i], rows[i + 1] - rows[i])
          .narrow(2, columns[j], columns[j + 1] - columns[j])
          .fill_(static_cast<double>(3 * i + j));
  const at::Tensor of_window = split(part, shape.window).squeeze(2);
  return of_window.unsqueeze(1).ne(of_window.unsqueeze(2)).to(at::kFloat).mul(kApart).unsqueeze(1);
}

}  // namespace

WindowShape WindowShape::of(const MapSize& map, int64_t side, bool shifted) {
  WindowShape shape{
      .map = map, .window = {std::min(side, map.height), std::min(side, map.width)}, .shift = {}};
  if (shifted) {
    shape.shift.height = map.height > side ? side / 2 : 0;
    shape.shift.width = map.width > side ? side / 2 : 0;
  }
  return shape;
}

MapSize WindowShape::padded() const {
  const auto up = [](int64_t size, int64_t step) { return (size + step - 1) / step * step; };
  return {up(map.height, window.height), up(map.width, window.width)};
}

WindowAttention::WindowAttention(int64_t width, int64_t heads, const WindowShape& shape)
    : shape_(shape),
      heads_(heads),
      table_(register_parameter(
          "relative_position_bias_table",
          at::randn({(2 * shape.window.height - 1) * (2 * shape.window.width - 1), heads}) * 0.02)),
      qkv_(register_module("qkv", make_token_linear(width, 3 * width))),
      proj_(register_module("proj", make_token_linear(width, width))),
      index_(distances(shape.window)) {
  if (shape.shift.height > 0 || shape.shift.width > 0) mask_ = mask_of(shape);
}

// [1 or windows, heads, tokens, tokens] for windows x: [N * windows, tokens, C].
at::Tensor WindowAttention::bias(const at::Tensor& x) {
  const int64_t tokens = x.size(1);
  if (index_.device() != x.device()) index_ = index_.to(x.device());
  const at::Tensor bias = at::embedding(table_, index_)  // whose backward pass adds in one order
                              .view({tokens, tokens, heads_})
                              .permute({2, 0, 1})
                              .unsqueeze(0);
  if (!mask_.defined()) return bias;
  if (mask_.device() != x.device() || mask_.scalar_type() != table_.scalar_type())
    mask_ = mask_.to(table_.options().requires_grad(false));
  return bias + mask_;
}

at::Tensor WindowAttention::attend(const at::Tensor& x) {
  const int64_t n = x.size(0), tokens = x.size(1), width = x.size(2);
  const at::Tensor qkv =
      qkv_->forward(x).view({n, tokens, 3, heads_, width / heads_}).permute({2, 0, 3, 1, 4});
  at::Tensor both = bias(x);
  if (mask_.defined())
    both = both.expand({n / mask_.size(0), mask_.size(0), heads_, tokens, tokens}).flatten(0, 1);
  const at::Tensor y =
      at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], both.to(qkv.scalar_type()));
  return proj_->forward(y.transpose(1, 2).reshape({n, tokens, width}));
}

at::Tensor WindowAttention::forward(const at::Tensor& x) {
  const auto [map, window, shift] = shape_;
  const MapSize padded = shape_.padded();
  at::Tensor y = mask_.defined() ? at::roll(x, {-shift.height, -shift.width}, {1, 2}) : x;
  const int64_t more_rows = padded.height - map.height, more_columns = padded.width - map.width;
  if (more_rows > 0 || more_columns > 0)
    y = at::constant_pad_nd(y, {0, 0, 0, more_columns, 0, more_rows});
  y = joined(attend(split(y, window)), padded, window)
          .narrow(1, 0, map.height)
          .narrow(2, 0, map.width);
  return mask_.defined() ? at::roll(y, {shift.height, shift.width}, {1, 2}) : y;
}

}  // namespace stoker::models
