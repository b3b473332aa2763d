#include "stoker/models/blank_image.h"

#include <ATen/ops/zeros.h>

#include <vector>

namespace stoker::models {

at::Tensor blank_image(const Model& model, const ModelContext& context) {
  const std::vector<at::Tensor> parameters = model.parameters();
  const at::TensorOptions options =
      parameters.empty() ? at::TensorOptions(at::kFloat) : parameters.front().options();
  return at::zeros({1, context.channels, context.height, context.width},
                   options.requires_grad(false));
}

}  // namespace stoker::models
