// Metrics of a classifier whose images may have any number of labels, accumulated over batches.
//
//   MultilabelMetrics metrics(20);
//   metrics.add(logits, targets, loss_per_sample);
//   result_of(metrics.scores(), /*threshold=*/0.5).map
//
// Average precision needs the order of all images' scores, so that those are kept: images * classes
// * 5 bytes. Several processes put theirs together and get what one would, bit for bit.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "stoker/metrics/classification.h"

namespace stoker::metrics {

// Of all images in the order of the data set, on the CPU.
struct MultilabelScores {
  at::Tensor logits;   // float32 [images, classes]
  at::Tensor targets;  // uint8 [images, classes], 1 where the image has the label
  at::Tensor losses;   // float64 [batches]: sums over the images of a batch
};

class MultilabelMetrics {
 public:
  explicit MultilabelMetrics(int64_t classes);
  // logits: [n, classes] of any floating dtype; targets: [n, classes], 0 or 1; losses: [n]. All
  // stay on their device until scores().
  void add(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& losses);
  // Waits for the device.
  MultilabelScores scores() const;

 private:
  int64_t classes_;
  std::vector<at::Tensor> logits_, targets_, losses_;
};

// A label is predicted where its probability, by sigmoid, is `threshold` or more. Average precision
// is that of scikit-learn and torchmetrics: the sum over distinct scores of precision times the
// gain in recall; map is its mean over the classes that some image has. f1_micro counts all answers
// alike, f1_macro is the mean over all classes. A NaN stands behind every number.
ClassificationResult result_of(const MultilabelScores& scores, double threshold);

}  // namespace stoker::metrics
