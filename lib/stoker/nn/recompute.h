// Parts of a network whose intermediate results are not kept for the backward pass, which makes
// them again (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
//
//   y = nn::recompute([block](const at::Tensor& x) { return block->forward(x); },
//                     block->parameters(), x);                 // keeps x of all the block
//   const nn::Deferred a = nn::deferred_norm(norm, Activation::kRelu, x);
//   y = nn::consume(a, [&](const at::Tensor& a) { return nn::convolve(*conv, a); });  // keeps x
//
// Outputs, gradients and running statistics are those without it, bit for bit: dropout draws the
// same (nn/pass_state.h), norms take the statistics that they found (nn/norm_tape.h), and the
// gradients of parameters leave through the graph outside, so that they are added up in the same
// order. Without gradients everything is computed as it stands. Differentiable once.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "stoker/nn/batch_norm.h"

namespace stoker::nn {

// A part of a network. It keeps alive what it needs, and may run again during the backward pass.
using Piece = std::function<at::Tensor(const at::Tensor&)>;

// piece(x). `parameters`: all that the piece uses. The output must not share x's memory.
at::Tensor recompute(const Piece& piece, const std::vector<at::Tensor>& parameters,
                     const at::Tensor& x);

// make(x), not computed yet.
struct Deferred {
  at::Tensor x;
  Piece make;
  std::vector<at::Tensor> parameters;  // that make uses

  at::Tensor now() const { return make(x); }
};

// norm_activate(norm, activation, x)
Deferred deferred_norm(std::shared_ptr<BatchNorm> norm, Activation activation, at::Tensor x);

// consumer(input.now()). Unless `keep`, the consumer's input is freed as soon as the output is
// there, and made again from input.x just before the consumer's backward pass. The consumer is one
// operator.
at::Tensor consume(const Deferred& input, const Piece& consumer, bool keep = false);

}  // namespace stoker::nn
