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
  // Of the images in each of these bins, which the error is of; 0 where there is none.
  struct ConfidenceBin {
    int64_t images = 0;
    double confidence = 0, accuracy = 0;  // means
  };
  std::vector<ConfidenceBin> calibration;
  struct PerClass {
    int64_t images = 0;
    double precision = 0, recall = 0, f1 = 0;
    // Where images may have several labels: and what a threshold of its own would give.
    double average_precision = 0, best_threshold = 0, best_f1 = 0;
  };
  std::vector<PerClass> per_class;
  // [true][predicted]; empty for more than kConfusionClasses classes.
  std::vector<std::vector<int64_t>> confusion;
  // Where images may have several labels (multilabel.h): these, and no top1, top5, ece, calibration
  // and confusion.
  bool is_multilabel = false;
  double map = 0;                     // mean average precision
  double f1_micro = 0, f1_macro = 0;  // at the threshold
  double threshold = 0;               // probability from which a label counts as predicted
};

// A matrix of more classes would take more than 128 MiB on the device.
constexpr int64_t kConfusionClasses = 4096;

// What results are calculated from, on the CPU. Sums of batches stand apart, so that those of
// several processes, put together in the order of the batches, give the bits of one.
struct ClassificationSums {
  int64_t images = 0;
  at::Tensor batches;    // float64 [batches, 4 + 3 * 15]: loss, top-1 and top-5 hits, images not
                         // finite; count, confidence and hits by confidence
  at::Tensor counts;     // int64 [3, classes]: labels, predictions, hits
  at::Tensor confusion;  // int64 [classes * classes]; empty for more than kConfusionClasses
};
ClassificationResult result_of(const ClassificationSums& sums);

class ClassificationMetrics {
 public:
  explicit ClassificationMetrics(int64_t classes);
  // logits: [n, classes] of any floating dtype; labels: [n] int64; losses: [n], of each sample;
  // probabilities: [n, classes], what they say of each class (losses::Loss::probabilities), which
  // calibration is of; undefined: by softmax. Sums stay on the logits' device until sums(). Ties
  // are broken towards the lower class. A NaN stands before every number, so that a broken network
  // scores nothing.
  void add(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& losses,
           const at::Tensor& probabilities = {});
  // Waits for the device.
  ClassificationSums sums() const;
  // Without any sample all values are 0; so is a ratio that divides by 0.
  ClassificationResult result() const { return result_of(sums()); }

 private:
  void reset_counts(at::Device device);

  int64_t classes_;
  std::vector<at::Tensor> batches_;  // float64 [4 + 3 * 15]
  at::Tensor counts_, confusion_;
  int64_t images_ = 0;
};

}  // namespace stoker::metrics
