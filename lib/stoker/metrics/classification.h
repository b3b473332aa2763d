// Metrics of a classifier, accumulated over batches.
//
//   ClassificationMetrics metrics(10);
//   metrics.add(logits, labels, loss_per_sample);
//   metrics.result().top1
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace stoker::metrics {

struct ClassificationResult {
  int64_t images = 0;
  double loss = 0;               // mean
  double top1 = 0;               // fraction in [0, 1]
  double top5 = 0;               // with fewer than five classes: 1
  int64_t nonfinite_images = 0;  // whose logits hold a NaN or an infinity: the figures mean nothing
  double ece = 0;  // expected calibration error, 15 bins of equal width (Guo et al. 2017, eq. 3)
  struct PerClass {
    int64_t images = 0;
    double precision = 0, recall = 0, f1 = 0;
  };
  std::vector<PerClass> per_class;
  // [true][predicted]; empty for more than kConfusionClasses classes.
  std::vector<std::vector<int64_t>> confusion;
};

// A matrix of more classes would take more than 128 MiB on the device.
constexpr int64_t kConfusionClasses = 4096;

class ClassificationMetrics {
 public:
  explicit ClassificationMetrics(int64_t classes);
  // logits: [n, classes] of any floating dtype; labels: [n] int64; losses: [n], of each sample.
  // Sums stay on the logits' device until result(). Ties are broken towards the lower class.
  // A NaN stands before every number, so that a broken network scores nothing.
  void add(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& losses);
  // Waits for the device. Without any sample all values are 0; so is a ratio that divides by 0.
  ClassificationResult result() const;

 private:
  void reset_sums(at::Device device);

  int64_t classes_;
  at::Tensor sums_;       // float64 [4]: loss, top-1 hits, top-5 hits, images not finite
  at::Tensor counts_;     // int64 [3, classes]: labels, predictions, hits
  at::Tensor confusion_;  // int64 [classes * classes]
  at::Tensor bins_;       // float64 [3, 15]: count, confidence, hits
  int64_t images_ = 0;
};

}  // namespace stoker::metrics
