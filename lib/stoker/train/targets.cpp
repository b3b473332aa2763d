#include "stoker/train/targets.h"

#include <ATen/ops/zeros.h>

namespace stoker::train {

at::Tensor label_targets(const data::Dataset& dataset, const std::vector<int64_t>& samples,
                         at::Device device) {
  if (!dataset.is_multilabel()) return {};
  const auto classes = std::ssize(dataset.class_names());
  const at::Tensor targets =
      at::zeros({std::ssize(samples), classes},
                at::TensorOptions(at::kFloat).pinned_memory(device.is_cuda()));
  float* row = targets.mutable_data_ptr<float>();
  for (const int64_t sample : samples) {
    for (const int32_t label : dataset.labels(sample)) row[label] = 1;
    row += classes;
  }
  return targets.to(device, /*non_blocking=*/true);
}

}  // namespace stoker::train
