// Layers one after the other, as blocks write them down.
//
//   return Chain(x, keep).conv(conv1_).norm(norm1_, kRelu).conv(conv2_).norm(norm2_, kRelu).now();
//
// What a norm and its activation give is made when the next layer takes it, so that it need not be
// kept for the backward pass (nn/recompute.h).
#pragma once

#include <optional>

#include "stoker/models/convolutions.h"
#include "stoker/models/layer.h"
#include "stoker/nn/activation.h"
#include "stoker/nn/recompute.h"

namespace stoker::models {

class Chain {
 public:
  // keep: what norms give, for the backward pass.
  Chain(at::Tensor x, bool keep) : x_(std::move(x)), keep_(keep) {}

  Chain& conv(const Conv& conv);
  Chain& norm(const Norm& norm, nn::Activation activation);
  // One operator of LibTorch, such as a pooling.
  Chain& operate(const nn::Piece& one);
  // Nothing where `layer` is null.
  Chain& then(Layer* layer);

  at::Tensor now();
  // norm_activate(norm, activation, now(), shortcut), with the branch dropped for a share
  // `drop_path` of images while `training`.
  at::Tensor join(const Norm& norm, nn::Activation activation, const at::Tensor& shortcut,
                  double drop_path, bool training);

 private:
  at::Tensor x_;
  bool keep_;
  std::optional<nn::Deferred> deferred_;  // of x_
};

}  // namespace stoker::models
