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
#include "stoker/nn/pass_state.h"

namespace stoker::models {
namespace {

// Of what operators return, without holding it.
using Storages = std::map<const void*, c10::weak_intrusive_ptr<c10::StorageImpl>>;

// RecordFunction takes bare functions and watches the calling thread alone.
thread_local Storages* current_storages = nullptr;

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction&) { return nullptr; }

void note_storages(const at::RecordFunction& function, at::ObserverContext*) {
  for (const c10::IValue& output : function.outputs()) {
    if (!output.isTensor() || !output.toTensor().defined()) continue;
    const c10::Storage& storage = output.toTensor().storage();
    // A new one may lie where one was that is gone.
    current_storages->insert_or_assign(storage.unsafeGetStorageImpl(),
                                       storage.getWeakStorageImpl());
  }
}

// Notes in `found` what this thread's operators return.
class ActivationWatch {
 public:
  explicit ActivationWatch(Storages& found)
      : previous_(std::exchange(current_storages, &found)),
        handle_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(enter, note_storages).needsOutputs(true))) {}
  ~ActivationWatch() {
    at::removeCallback(handle_);
    current_storages = previous_;
  }
  ActivationWatch(const ActivationWatch&) = delete;
  ActivationWatch& operator=(const ActivationWatch&) = delete;

 private:
  Storages* previous_;
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

// Of the pass, whose input is no part of it.
template <class Pass>
int64_t kept_by(const Model& model, const at::Tensor& input, const Pass& pass) {
  const nn::PassState random_state(input.device());
  Storages storages;
  at::Tensor output;  // holds what is kept
  {
    const nn::PassState::Scope former(random_state);
    const c10::AutoGradMode with_gradients(true);
    const ActivationWatch watch(storages);
    output = pass();
  }
  for (const at::Tensor& parameter : model.parameters())
    storages.erase(parameter.storage().unsafeGetStorageImpl());
  storages.erase(input.storage().unsafeGetStorageImpl());
  int64_t bytes = 0;
  for (const auto& [address, weak] : storages) {
    const c10::intrusive_ptr<c10::StorageImpl> storage = weak.lock();
    if (storage && storage->data() != nullptr) bytes += static_cast<int64_t>(storage->nbytes());
  }
  return bytes;
}

}  // namespace

int64_t kept_bytes(Model& model, const ModelContext& context) {
  const at::Tensor images = two_blank_images(model, context);
  const KeepBuffers buffers(model);
  return kept_by(model, images, [&] { return model.forward(images); });
}

int64_t kept_bytes(Model& model, const ModelContext& context, size_t first_segment,
                   size_t segments) {
  const KeepBuffers buffers(model);
  const std::vector<Segment> all = model.segments();
  at::Tensor x = two_blank_images(model, context);
  const nn::PassState::Restore random_state(x.device());
  for (size_t i = 0; i < first_segment; ++i) {
    const c10::NoGradGuard no_grad;
    x = all[i].run(x);
  }
  const int64_t input_bytes = first_segment > 0 ? static_cast<int64_t>(x.nbytes()) : 0;
  if (first_segment > 0) x = x.detach().requires_grad_();
  return input_bytes + kept_by(model, x, [&] {
           at::Tensor y = x;
           for (size_t i = first_segment; i < first_segment + segments; ++i) y = all[i].run(y);
           return y;
         });
}

}  // namespace stoker::models
