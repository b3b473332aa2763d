// Losses of a classifier, and the table of those a config can choose.
//
//   std::shared_ptr<const Loss> loss = losses().build(options.loss, {});
//   at::Tensor each = loss->per_sample(logits, labels, /*label_smoothing=*/0.1);   // [n]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "stoker/config/choice.h"

namespace stoker::losses {

class Loss {
 public:
  virtual ~Loss() = default;

  // logits: [n, classes] of any floating dtype; computed in float32. targets: labels as [n] int64,
  // or the share of each class as [n, classes] float32. Returns the loss of each sample, [n]
  // float32, so that the caller decides what to divide the sum by. With smoothing e targets t
  // become (1 - e) t + e/classes, where a label is 1 for its class and 0 elsewhere (Szegedy et al.
  // 2016, section 7).
  virtual at::Tensor per_sample(const at::Tensor& logits, const at::Tensor& targets,
                                double label_smoothing) const = 0;

  // logits: float32 [..., views, classes], the views of an image along dimension `dim`. Returns
  // logits [..., classes] whose probabilities are the means of those of the views.
  virtual at::Tensor mean_of_views(const at::Tensor& logits, int64_t dim) const = 0;

  // logits: [..., classes], float32 or float64. What they say of each class, in [0, 1]: shares that
  // add up to 1 where an image has one class, an answer each where logits are questions of yes or
  // no.
  virtual at::Tensor probabilities(const at::Tensor& logits) const = 0;

  // Whether logits answer a question of yes or no for each class, so that an image may have any
  // number of labels and targets are 0 or 1 for each.
  virtual bool takes_several_labels() const = 0;
};

struct LossContext {
  // float32 [classes], on any device: what a class counts in the loss. Undefined: all count 1.
  at::Tensor class_weights;
  // float32 [classes], on any device: what a class counts where it is present, times the above; of
  // losses that take several labels alone. Undefined: all count 1.
  at::Tensor positive_weights;
};

// Losses hold no state of a run; one may be shared.
using LossTable = config::Table<std::shared_ptr<const Loss>(const LossContext&)>;
const LossTable& losses();

}  // namespace stoker::losses
