#include "stoker/models/activations.h"

#include <ATen/record_function.h>
#include <c10/core/GradMode.h>

#include <map>
#include <memory>
#include <utility>

#include "stoker/models/blank_image.h"
#include "stoker/models/eval_mode.h"

namespace stoker::models {
namespace {

// Results by the storage they lie in; holding them keeps storages from being used again.
using Results = std::map<const void*, at::Tensor>;

// RecordFunction takes bare functions and watches the calling thread alone.
thread_local Results* current_results = nullptr;

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction&) { return nullptr; }

void keep_results(const at::RecordFunction& function, at::ObserverContext*) {
  for (const c10::IValue& output : function.outputs()) {
    if (!output.isTensor()) continue;
    const at::Tensor& tensor = output.toTensor();
    if (!tensor.defined() || !tensor.is_floating_point()) continue;
    current_results->emplace(tensor.storage().unsafeGetStorageImpl(), tensor);
  }
}

class Watch {
 public:
  explicit Watch(Results& results)
      : previous_(std::exchange(current_results, &results)),
        handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(enter, keep_results).needsOutputs(true))) {}
  ~Watch() {
    at::removeCallback(handle_);
    current_results = previous_;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Results* previous_;
  at::CallbackHandle handle_;
};

}  // namespace

int64_t activation_values(Model& model, const ModelContext& context) {
  const std::vector<at::Tensor> parameters = model.parameters();
  const at::Tensor image = blank_image(model, context);
  const EvalMode eval_mode(model);
  Results results;
  {
    const c10::NoGradGuard no_grad;
    const Watch watch(results);
    model.forward(image);
  }
  for (const at::Tensor& parameter : parameters) {
    results.erase(parameter.storage().unsafeGetStorageImpl());
  }
  int64_t values = 0;
  for (const auto& [storage, tensor] : results) {
    values += static_cast<int64_t>(tensor.storage().nbytes()) / tensor.element_size();
  }
  return values;
}

}  // namespace stoker::models
