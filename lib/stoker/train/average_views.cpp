#include "stoker/train/average_views.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include "stoker/core/error.h"

namespace stoker::train {

namespace {

// Where each image's views begin, and the end of the last.
std::vector<int64_t> starts_of(const std::vector<int64_t>& samples) {
  std::vector<int64_t> starts;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i == 0 || samples[i] != samples[i - 1]) starts.push_back(static_cast<int64_t>(i));
  }
  starts.push_back(std::ssize(samples));
  return starts;
}

}  // namespace

AveragedViews average_views(const at::Tensor& logits, const ops::TensorBatch& batch, int64_t views,
                            const losses::Loss& loss) {
  if (views == 1) return {logits, batch.labels, batch.samples};
  STOKER_CHECK(std::ssize(batch.samples) == logits.size(0), "{} samples, {} rows of logits",
               batch.samples.size(), logits.size(0));
  const std::vector<int64_t> starts = starts_of(batch.samples);
  const int64_t images = std::ssize(starts) - 1;
  const at::Tensor single = logits.to(at::kFloat);
  AveragedViews averaged;
  if (images * views == single.size(0)) {
    averaged.logits = loss.mean_of_views(single.reshape({images, views, -1}), 1);
  } else {
    std::vector<at::Tensor> rows;
    for (int64_t i = 0; i < images; ++i) {
      rows.push_back(loss.mean_of_views(single.slice(0, starts[i], starts[i + 1]), 0));
    }
    averaged.logits = at::stack(rows);
  }
  const std::vector<int64_t> first(starts.begin(), starts.end() - 1);
  averaged.labels =
      at::index_select(batch.labels, 0, at::tensor(first, at::kLong).to(batch.labels.device()));
  for (const int64_t start : first) averaged.samples.push_back(batch.samples[start]);
  return averaged;
}

}  // namespace stoker::train
