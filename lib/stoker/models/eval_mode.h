// A network in eval mode for the lifetime of a scope.
#pragma once

#include <utility>
#include <vector>

#include "stoker/models/model.h"

namespace stoker::models {

// Puts the model and all its modules into eval mode, and each back into the mode it had.
class EvalMode {
 public:
  explicit EvalMode(Model& model) {
    // train(bool) also sets the children, so parents come first: modules() lists them so.
    former_.emplace_back(&model, model.is_training());
    for (const auto& module : model.modules(/*include_self=*/false)) {
      former_.emplace_back(module.get(), module->is_training());
    }
    model.eval();
  }
  ~EvalMode() {
    for (const auto& [module, was_training] : former_) module->train(was_training);
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<torch::nn::Module*, bool>> former_;
};

}  // namespace stoker::models
