#include "stoker/models/chain.h"

#include <utility>

#include "stoker/nn/drop_path.h"

namespace stoker::models {

Chain& Chain::conv(const Conv& conv) {
  if (pads_by_hand(*conv, x_)) {  // which makes two operators of it
    x_ = convolve(*conv, now());
    return *this;
  }
  return operate([&](const at::Tensor& in) { return convolve(*conv, in); });
}

Chain& Chain::operate(const nn::Piece& one) {
  x_ = deferred_ ? nn::consume(*std::exchange(deferred_, std::nullopt), one, keep_) : one(x_);
  return *this;
}

Chain& Chain::norm(const Norm& norm, nn::Activation activation) {
  deferred_ = nn::deferred_norm(norm, activation, now());
  x_ = deferred_->x;
  return *this;
}

Chain& Chain::then(Layer* layer) {
  if (layer != nullptr) x_ = layer->forward(now(), keep_);
  return *this;
}

at::Tensor Chain::now() {
  if (deferred_) x_ = std::exchange(deferred_, std::nullopt)->now();
  return x_;
}

at::Tensor Chain::join(const Norm& norm, nn::Activation activation, const at::Tensor& shortcut,
                       double drop_path, bool training) {
  const at::Tensor x = now();
  if (drop_path == 0 || !training) return nn::norm_activate(*norm, activation, x, shortcut);
  const at::Tensor kept = nn::drop_path(norm->forward(x), drop_path, training);
  return nn::activate(activation, kept + shortcut);
}

}  // namespace stoker::models
