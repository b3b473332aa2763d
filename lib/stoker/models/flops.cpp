#include "stoker/models/flops.h"

#include <ATen/ops/zeros.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/error.h"

namespace stoker::models {
namespace {

struct Count {
  int64_t flops = 0;
  int depth = 0;  // of counted operators: what one calls inside is already counted
};
// RecordFunction takes bare functions and watches the calling thread alone, so the count is reached
// through the thread. Null when nobody counts.
thread_local Count* current_count = nullptr;

class CountScope {
 public:
  explicit CountScope(Count& count) : previous_(std::exchange(current_count, &count)) {}
  ~CountScope() { current_count = previous_; }
  CountScope(const CountScope&) = delete;
  CountScope& operator=(const CountScope&) = delete;

 private:
  Count* previous_;
};

enum class Kind { kOther, kConvolution, kProduct, kAddedProduct };

Kind kind_of(std::string_view name) {
  if (name == "aten::convolution") return Kind::kConvolution;
  if (name == "aten::linear" || name == "aten::matmul" || name == "aten::mm" || name == "aten::bmm")
    return Kind::kProduct;
  if (name == "aten::addmm" || name == "aten::baddbmm") return Kind::kAddedProduct;
  return Kind::kOther;
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  if (kind_of(function.name()) != Kind::kOther) ++current_count->depth;
  return nullptr;
}

int64_t flops_of(Kind kind, c10::ArrayRef<const c10::IValue> in, const at::Tensor& out) {
  constexpr int64_t kMultiplyAndAdd = 2;
  if (kind == Kind::kConvolution) {
    const at::Tensor weight = in[1].toTensor();
    const bool transposed = in[6].toBool();
    const int64_t positions = transposed ? in[0].toTensor().numel() : out.numel();
    return kMultiplyAndAdd * positions * (weight.numel() / weight.size(0));
  }
  const at::Tensor left = in[kind == Kind::kAddedProduct ? 1 : 0].toTensor();
  return kMultiplyAndAdd * out.numel() * left.size(-1);
}

void leave(const at::RecordFunction& function, at::ObserverContext*) {
  const Kind kind = kind_of(function.name());
  if (kind == Kind::kOther || --current_count->depth > 0) return;
  if (function.outputs().empty()) return;  // the operator threw
  current_count->flops += flops_of(kind, function.inputs(), function.outputs().front().toTensor());
}

// Watches this thread's operators while it lives.
class Watch {
 public:
  Watch()
      : handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(enter, leave).needsInputs(true).needsOutputs(true))) {}
  ~Watch() { at::removeCallback(handle_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  at::CallbackHandle handle_;
};

// Eval mode while it lives; afterwards each module is as it was, also where they differed.
class EvalMode {
 public:
  explicit EvalMode(torch::nn::Module& model) {
    for (const auto& module : model.modules()) modes_.emplace_back(module, module->is_training());
    model.eval();
  }
  ~EvalMode() {
    // train(bool) would also set the children, so parents come first: modules() lists them so.
    for (const auto& [module, training] : modes_) module->train(training);
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes_;
};

}  // namespace

int64_t forward_flops(Model& model, const ModelContext& context) {
  const std::vector<at::Tensor> parameters = model.parameters();
  at::TensorOptions options = at::kFloat;
  if (!parameters.empty()) options = parameters.front().options();
  const at::Tensor image =
      at::zeros({1, context.channels, context.height, context.width}, options.requires_grad(false));

  const EvalMode eval(model);
  const c10::NoGradGuard no_grad;
  Count count;
  const CountScope scope(count);
  const Watch watch;
  model.forward(image);
  return count.flops;
}

int64_t parameter_count(const Model& model) {
  int64_t count = 0;
  for (const at::Tensor& parameter : model.parameters())
    if (parameter.requires_grad()) count += parameter.numel();
  return count;
}

}  // namespace stoker::models
