#include "stoker/models/smallest_batch.h"

#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

#include <string_view>

#include "stoker/models/blank_image.h"
#include "stoker/models/eval_mode.h"
#include "stoker/nn/norm_values.h"

namespace stoker::models {

namespace {

bool learns(const c10::IValue& parameter) {
  return parameter.isTensor() && parameter.toTensor().defined() &&
         parameter.toTensor().requires_grad();
}

// Norms of a scripted module are LibTorch's own: batch_norm(input, weight, bias, …).
std::unique_ptr<at::ObserverContext> note_norm(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::batch_norm") return nullptr;
  const c10::ArrayRef<const c10::IValue> inputs = function.inputs();
  if (inputs.size() > 2 && inputs[0].isTensor() && (learns(inputs[1]) || learns(inputs[2]))) {
    nn::NormValues::note(inputs[0].toTensor());
  }
  return nullptr;
}

class WatchOperators {
 public:
  WatchOperators()
      : handle_(
            at::addThreadLocalCallback(at::RecordFunctionCallback(note_norm).needsInputs(true))) {}
  ~WatchOperators() { at::removeCallback(handle_); }
  WatchOperators(const WatchOperators&) = delete;
  WatchOperators& operator=(const WatchOperators&) = delete;

 private:
  at::CallbackHandle handle_;
};

}  // namespace

int64_t smallest_batch(Model& model, const ModelContext& context) {
  const at::Tensor image = blank_image(model, context);
  const EvalMode eval_mode(model);
  const at::NoGradGuard no_grad;
  const nn::NormValues values;
  const WatchOperators operators;
  model.forward(image);
  return values.fewest() == 1 ? 2 : 1;
}

}  // namespace stoker::models
