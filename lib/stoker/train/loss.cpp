#include "stoker/train/loss.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full_like.h>

namespace stoker::train {

at::Tensor loss_per_sample(LossKind kind, double label_smoothing, const at::Tensor& logits,
                           const at::Tensor& targets) {
  const at::Tensor wide = logits.to(at::kFloat);
  if (kind == LossKind::kCrossEntropy) {
    return at::cross_entropy_loss(wide, targets, /*weight=*/{}, at::Reduction::None,
                                  /*ignore_index=*/-100, label_smoothing);
  }
  const auto classes = static_cast<double>(wide.size(1));
  at::Tensor smoothed = at::full_like(wide, label_smoothing / classes);
  if (targets.dim() == 2)
    smoothed.add_(targets, 1 - label_smoothing);
  else
    smoothed.scatter_(1, targets.unsqueeze(1), 1 - label_smoothing + label_smoothing / classes);
  return at::binary_cross_entropy_with_logits(wide, smoothed, {}, {}, at::Reduction::None).mean(1);
}

}  // namespace stoker::train
