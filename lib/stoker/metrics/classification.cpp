#include "stoker/metrics/classification.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "stoker/core/error.h"

namespace stoker::metrics {
namespace {

constexpr int64_t kBins = 15;
constexpr int64_t kSums = 4;  // before the bins

// How many classes stand before the label's own; anything not ordered below it (NaN) stands before.
at::Tensor rank_of_label(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor own = logits.gather(1, labels.unsqueeze(1));
  const at::Tensor classes = at::arange(logits.size(1), labels.options()).unsqueeze(0);
  const at::Tensor is_own = classes == labels.unsqueeze(1);
  const at::Tensor tied_before = (logits == own).logical_and(classes < labels.unsqueeze(1));
  const at::Tensor before = (logits <= own).logical_not().logical_or(tied_before);
  return before.logical_and(is_own.logical_not()).sum(1);
}

// float64 [3, bins]: count, confidence and hits of the samples by confidence; bin i holds those in
// (i / bins, (i + 1) / bins]. A matrix product, because it adds in the same order on every run.
at::Tensor calibration_bins(const at::Tensor& probabilities, const at::Tensor& top1) {
  const at::Tensor confidence = probabilities.amax(1);
  const at::Tensor bin = (confidence * kBins).ceil().sub(1).clamp(0, kBins - 1);
  const at::Tensor inside =
      (bin.unsqueeze(1) == at::arange(kBins, bin.options()).unsqueeze(0)).to(at::kDouble);
  return at::stack({at::ones_like(confidence), confidence, top1}).mm(inside);
}

double ratio(double numerator, double denominator) {
  return denominator == 0 ? 0 : numerator / denominator;
}

}  // namespace

ClassificationMetrics::ClassificationMetrics(int64_t classes) : classes_(classes) {
  STOKER_CHECK(classes >= 1, "classes={}", classes);
}

void ClassificationMetrics::reset_counts(at::Device device) {
  const auto int64 = at::TensorOptions().dtype(at::kLong).device(device);
  counts_ = at::zeros({3, classes_}, int64);
  if (classes_ <= kConfusionClasses) confusion_ = at::zeros({classes_ * classes_}, int64);
}

void ClassificationMetrics::add(const at::Tensor& logits, const at::Tensor& labels,
                                const at::Tensor& losses, const at::Tensor& probabilities) {
  STOKER_CHECK(logits.dim() == 2 && logits.size(1) == classes_,
               "logits of {} dimensions, classes={}", logits.dim(), classes_);
  const int64_t n = logits.size(0);
  STOKER_CHECK(labels.dim() == 1 && labels.size(0) == n && losses.dim() == 1 && losses.size(0) == n,
               "logits={} labels={} losses={}", n, labels.numel(), losses.numel());
  if (n == 0) return;
  if (labels.is_cpu()) {  // elsewhere it would cost a wait for the device
    STOKER_CHECK(labels.min().item<int64_t>() >= 0 && labels.max().item<int64_t>() < classes_,
                 "a label outside of [0, {})", classes_);
  }
  at::NoGradGuard no_grad;
  if (!counts_.defined()) reset_counts(logits.device());
  STOKER_CHECK(counts_.device() == logits.device(), "logits on {}, earlier ones on {}",
               logits.device().str(), counts_.device().str());

  const at::Tensor scores = logits.to(at::kDouble);
  const at::Tensor truth = labels.to(logits.device(), at::kLong);
  const at::Tensor rank = rank_of_label(scores, truth);
  const at::Tensor top1 = (rank < 1).to(at::kDouble);
  const at::Tensor predicted = scores.argmax(1);  // the first of equal ones
  const at::Tensor sums = at::stack(
      {losses.to(logits.device(), at::kDouble).sum(), top1.sum(), (rank < 5).sum().to(at::kDouble),
       at::isfinite(scores).all(1).logical_not().sum().to(at::kDouble)});
  const at::Tensor shares =
      probabilities.defined() ? probabilities.to(at::kDouble) : scores.softmax(1);
  batches_.push_back(at::cat({sums, calibration_bins(shares, top1).reshape({-1})}));
  const at::Tensor ones = at::ones({n}, truth.options());
  counts_.select(0, 0).index_add_(0, truth, ones);
  counts_.select(0, 1).index_add_(0, predicted, ones);
  counts_.select(0, 2).index_add_(0, truth, (predicted == truth).to(at::kLong));
  if (confusion_.defined()) confusion_.index_add_(0, truth * classes_ + predicted, ones);
  images_ += n;
}

ClassificationSums ClassificationMetrics::sums() const {
  ClassificationSums sums{.images = images_};
  const auto counts = at::TensorOptions().dtype(at::kLong);
  const int64_t cells = classes_ <= kConfusionClasses ? classes_ * classes_ : 0;
  sums.batches =
      batches_.empty() ? at::zeros({0, kSums + 3 * kBins}, at::kDouble) : at::stack(batches_).cpu();
  sums.counts = counts_.defined() ? counts_.cpu() : at::zeros({3, classes_}, counts);
  sums.confusion = confusion_.defined() ? confusion_.cpu() : at::zeros({cells}, counts);
  return sums;
}

ClassificationResult result_of(const ClassificationSums& sums) {
  const int64_t classes = sums.counts.size(1);
  ClassificationResult result{.images = sums.images};
  result.per_class.resize(static_cast<size_t>(classes));
  if (sums.confusion.numel() > 0) {
    const std::vector<int64_t> row(static_cast<size_t>(classes));
    result.confusion.assign(static_cast<size_t>(classes), row);
  }
  if (sums.images == 0) return result;

  const auto images = static_cast<double>(sums.images);
  std::array<double, kSums + 3 * kBins> sum{};
  const auto batches = sums.batches.accessor<double, 2>();
  for (int64_t batch = 0; batch < batches.size(0); ++batch) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += batches[batch][static_cast<int64_t>(i)];
  }
  result.loss = sum[0] / images;
  result.top1 = sum[1] / images;
  result.top5 = sum[2] / images;
  result.nonfinite_images = static_cast<int64_t>(sum[3]);
  const double* confidence = &sum[kSums + kBins];
  const double* hits_of_bin = &sum[kSums + 2 * kBins];
  const double* images_of_bin = &sum[kSums];
  for (int64_t i = 0; i < kBins; ++i) {
    result.ece += std::abs(hits_of_bin[i] - confidence[i]) / images;
    result.calibration.push_back({.images = std::llround(images_of_bin[i]),
                                  .confidence = ratio(confidence[i], images_of_bin[i]),
                                  .accuracy = ratio(hits_of_bin[i], images_of_bin[i])});
  }
  const auto count = sums.counts.accessor<int64_t, 2>();
  for (int64_t c = 0; c < classes; ++c) {
    const auto hits = static_cast<double>(count[2][c]);
    const auto truths = static_cast<double>(count[0][c]),
               guesses = static_cast<double>(count[1][c]);
    result.per_class[static_cast<size_t>(c)] = {.images = count[0][c],
                                                .precision = ratio(hits, guesses),
                                                .recall = ratio(hits, truths),
                                                .f1 = ratio(2 * hits, truths + guesses)};
  }
  const int64_t* cell = sums.confusion.const_data_ptr<int64_t>();
  for (auto& row : result.confusion) {
    std::copy_n(cell, classes, row.begin());
    cell += classes;
  }
  return result;
}

}  // namespace stoker::metrics
