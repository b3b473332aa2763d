#include "stoker/models/flops.h"

#include <ATen/record_function.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/models/blank_image.h"
#include "stoker/models/eval_mode.h"
#include "stoker/nn/norm_tape.h"

namespace stoker::models {
namespace {

struct Count {
  int64_t flops = 0;
  int64_t again = 0;    // of those, in pieces that the backward pass runs again
  int64_t learned = 0;  // of those, whose outputs have a gradient
  int depth = 0;        // of counted operators: what one calls inside is already counted
  int64_t operators = 0;
  int all_depth = 0;  // of operators of any kind
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

enum class Kind { kOther, kConvolution, kProduct, kAddedProduct, kAttention };

Kind kind_of(std::string_view name) {
  if (name == "aten::convolution") return Kind::kConvolution;
  if (name == "aten::linear" || name == "aten::matmul" || name == "aten::mm" || name == "aten::bmm")
    return Kind::kProduct;
  if (name == "aten::addmm" || name == "aten::baddbmm") return Kind::kAddedProduct;
  if (name == "aten::scaled_dot_product_attention") return Kind::kAttention;
  return Kind::kOther;
}

// What a counted operator's inputs say; they are gone when its outputs are there.
struct Observed : at::ObserverContext {
  // Multiply-adds for each element of the output, or of all if `whole`.
  int64_t multiply_adds = 0;
  bool whole = false;
  bool needs_gradient = false;  // the backward pass goes through it
};

bool needs_gradient(c10::ArrayRef<const c10::IValue> inputs) {
  return std::ranges::any_of(inputs, [](const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined() && value.toTensor().requires_grad();
  });
}

Observed observe(Kind kind, c10::ArrayRef<const c10::IValue> in) {
  Observed observed;
  observed.needs_gradient = needs_gradient(in);
  if (kind == Kind::kConvolution) {
    const at::Tensor weight = in[1].toTensor();
    observed.multiply_adds = weight.numel() / weight.size(0);
    observed.whole = in[6].toBool();  // transposed: each input element meets each of its filters
    if (observed.whole) observed.multiply_adds *= in[0].toTensor().numel();
  } else if (kind == Kind::kAttention) {
    // Queries with keys, then the shares of values as wide: [N, heads, keys, width].
    observed.multiply_adds = 2 * in[1].toTensor().size(-2);
  } else {
    observed.multiply_adds = in[kind == Kind::kAddedProduct ? 1 : 0].toTensor().size(-1);
  }
  return observed;
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  if (current_count->all_depth++ == 0) ++current_count->operators;
  const Kind kind = kind_of(function.name());
  if (kind == Kind::kOther) return nullptr;
  if (current_count->depth++ > 0) return std::make_unique<Observed>();
  return std::make_unique<Observed>(observe(kind, function.inputs()));
}

void leave(const at::RecordFunction& function, at::ObserverContext* context) {
  --current_count->all_depth;
  if (context == nullptr) return;
  --current_count->depth;
  if (function.outputs().empty()) return;  // the operator threw
  const auto& observed = static_cast<const Observed&>(*context);
  const int64_t times = observed.whole ? 1 : function.outputs().front().toTensor().numel();
  const int64_t flops = 2 * observed.multiply_adds * times;
  current_count->flops += flops;
  if (observed.needs_gradient) current_count->learned += flops;
  if (nn::NormTape::records()) current_count->again += flops;
}

// Watches this thread's operators while it lives.
class FlopsWatch {
 public:
  FlopsWatch()
      : handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(enter, leave).needsInputs(true).needsOutputs(true))) {}
  ~FlopsWatch() { at::removeCallback(handle_); }
  FlopsWatch(const FlopsWatch&) = delete;
  FlopsWatch& operator=(const FlopsWatch&) = delete;

 private:
  at::CallbackHandle handle_;
};

Count count_forward(Model& model, const ModelContext& context, bool with_gradients) {
  const at::Tensor image = blank_image(model, context);
  const EvalMode eval(model);
  const c10::AutoGradMode gradients(with_gradients);
  Count count;
  const CountScope scope(count);
  const FlopsWatch watch;
  model.forward(image);
  return count;
}

}  // namespace

int64_t forward_flops(Model& model, const ModelContext& context) {
  return count_forward(model, context, false).flops;
}

int64_t forward_operators(Model& model, const ModelContext& context) {
  return count_forward(model, context, false).operators;
}

TrainingFlops training_flops(Model& model, const ModelContext& context) {
  const Count count = count_forward(model, context, true);
  return {
      .forward = count.flops, .step = count.flops + 2 * count.learned, .recomputed = count.again};
}

int64_t parameter_count(const Model& model) {
  int64_t count = 0;
  for (const at::Tensor& parameter : model.parameters())
    if (parameter.requires_grad()) count += parameter.numel();
  return count;
}

}  // namespace stoker::models
