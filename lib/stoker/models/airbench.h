// The CIFAR-10 speed networks of Keller Jordan ("94% on CIFAR-10 in 3.29 Seconds on a Single GPU",
// 2024, sections 3 and 4): a frozen 2x2 whitening convolution, three groups of convolutions,
// pooling, norms and activations, and a scaled linear head. The larger one, for 96 %, has wider
// groups with a third convolution and a shortcut around the last two.
//
//   auto model = build_airbench({}, {.classes = 10, .height = 32, .width = 32});
//   model->initialize(images);  // initialization_images() of them: sets the whitening filters
#pragma once

#include <memory>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

struct AirbenchOptions {
  std::vector<int64_t> widths{64, 256, 256};  // channels of each group
  int64_t convolutions = 2;                   // of each group, 2 or 3
  nn::Activation activation = nn::Activation::kGelu;
  double scaling_factor = 1.0 / 9;  // of the logits
  double batchnorm_momentum = 0.4;  // PyTorch's: share of the new batch
  bool whiten = true;               // false: the first convolution is an ordinary learned one
};
void describe(AirbenchOptions& options, config::Fields& fields);

// Throws ConfigError for images that the pooling would shrink to nothing.
std::shared_ptr<Model> build_airbench(const AirbenchOptions& options, const ModelContext& context);

ModelTable::Rows airbench_rows();

// Filters [2 * C*2*2, C, 2, 2] that decorrelate 2x2 patches: the eigenvectors of the patches'
// second moment, largest eigenvalue first, each divided by sqrt(eigenvalue + eps), then their
// negatives. images: [n, C, H, W] float32 on any device.
at::Tensor whitening_filters(const at::Tensor& images, double eps = 5e-4);

}  // namespace stoker::models
