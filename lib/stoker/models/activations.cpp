#include "stoker/models/activations.h"

#include <ATen/ops/cat.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <c10/core/Storage.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "stoker/models/blank_image.h"
#include "stoker/models/eval_mode.h"
#include "stoker/nn/pass_state.h"

namespace stoker::models {
namespace {

// Results by the storage they lie in; holding them keeps storages from being used again.
using Results = std::map<const void*, at::Tensor>;

// The same without holding them.
using Storages = std::map<const void*, c10::weak_intrusive_ptr<c10::StorageImpl>>;

// RecordFunction takes bare functions and watches the calling thread alone.
thread_local Results* current_results = nullptr;
thread_local Storages* current_storages = nullptr;

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction&) { return nullptr; }

void keep_results(const at::RecordFunction& function, at::ObserverContext*) {
  for (const c10::IValue& output : function.outputs()) {
    if (!output.isTensor()) continue;
    const at::Tensor& tensor = output.toTensor();
    if (!tensor.defined() || !tensor.is_floating_point()) continue;
    current_results->emplace(tensor.storage().unsafeGetStorageImpl(), tensor);
  }
}

void note_storages(const at::RecordFunction& function, at::ObserverContext*) {
  for (const c10::IValue& output : function.outputs()) {
    if (!output.isTensor() || !output.toTensor().defined()) continue;
    const c10::Storage& storage = output.toTensor().storage();
    // A new one may lie where one was that is gone.
    current_storages->insert_or_assign(storage.unsafeGetStorageImpl(),
                                       storage.getWeakStorageImpl());
  }
}

// Calls `leave`, which finds `found` in `current`, after each of this thread's operators.
template <class Found>
class Watch {
 public:
  using Leave = void (*)(const at::RecordFunction&, at::ObserverContext*);
  Watch(Found*& current, Found& found, Leave leave)
      : current_(current),
        previous_(std::exchange(current, &found)),
        handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(enter, leave).needsOutputs(true))) {}
  ~Watch() {
    at::removeCallback(handle_);
    current_ = previous_;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Found*& current_;
  Found* previous_;
  at::CallbackHandle handle_;
};

// Puts a model's buffers back as they were.
class KeepBuffers {
 public:
  explicit KeepBuffers(const Model& model) {
    for (const at::Tensor& buffer : model.buffers()) kept_.emplace_back(buffer, buffer.clone());
  }
  ~KeepBuffers() {
    const c10::NoGradGuard no_grad;
    for (const auto& [buffer, former] : kept_) buffer.copy_(former);
  }
  KeepBuffers(const KeepBuffers&) = delete;
  KeepBuffers& operator=(const KeepBuffers&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> kept_;
};

// In the layout of the model's convolutions.
at::Tensor two_blank_images(const Model& model, const ModelContext& context) {
  at::Tensor image = blank_image(model, context);
  for (const at::Tensor& parameter : model.parameters()) {
    if (parameter.dim() != 4) continue;
    image = image.contiguous(parameter.suggest_memory_format());
    break;
  }
  return at::cat({image, image});
}

}  // namespace

int64_t activation_values(Model& model, const ModelContext& context) {
  const std::vector<at::Tensor> parameters = model.parameters();
  const at::Tensor image = blank_image(model, context);
  const EvalMode eval_mode(model);
  Results results;
  {
    const c10::NoGradGuard no_grad;
    const Watch watch(current_results, results, keep_results);
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

int64_t kept_bytes(Model& model, const ModelContext& context) {
  const at::Tensor images = two_blank_images(model, context);
  const KeepBuffers buffers(model);
  const nn::PassState random_state(images.device());
  Storages storages;
  at::Tensor logits;  // holds what is kept
  {
    const nn::PassState::Scope former(random_state);
    const c10::AutoGradMode with_gradients(true);
    const Watch watch(current_storages, storages, note_storages);
    logits = model.forward(images);
  }
  for (const at::Tensor& parameter : model.parameters())
    storages.erase(parameter.storage().unsafeGetStorageImpl());
  storages.erase(images.storage().unsafeGetStorageImpl());
  int64_t bytes = 0;
  for (const auto& [address, weak] : storages) {
    const c10::intrusive_ptr<c10::StorageImpl> storage = weak.lock();
    if (storage && storage->data() != nullptr) bytes += static_cast<int64_t>(storage->nbytes());
  }
  return bytes;
}

}  // namespace stoker::models
