#include "stoker/parallel/blocks.h"

#include <ATen/core/grad_mode.h>

#include <memory>
#include <utility>

#include "stoker/models/blank_image.h"
#include "stoker/models/eval_mode.h"

namespace stoker::parallel {

namespace {

class NotingGate : public nn::BlockGate {
 public:
  at::Tensor run(const Parameters& parameters, const Piece& piece, const at::Tensor& x) override {
    std::vector<at::Tensor> learning;
    for (const at::Tensor& parameter : parameters()) {
      if (parameter.requires_grad()) learning.push_back(parameter);
    }
    if (!learning.empty()) blocks.push_back(std::move(learning));
    return piece(x);
  }

  std::vector<std::vector<at::Tensor>> blocks;
};

}  // namespace

std::vector<std::vector<at::Tensor>> learning_blocks(models::Model& model,
                                                     const models::ModelContext& context) {
  const auto gate = std::make_shared<NotingGate>();
  const at::Tensor image = models::blank_image(model, context);
  const models::EvalMode eval_mode(model);
  const at::NoGradGuard no_grad;
  model.set_gate(gate);
  model.forward(image);
  model.set_gate(std::make_shared<nn::OpenGate>());
  return std::move(gate->blocks);
}

}  // namespace stoker::parallel
