#include "stoker/train/snapshot.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <optional>

namespace stoker::train {

namespace {

bool fits(const at::Tensor& buffer, const at::Tensor& tensor) {
  return buffer.defined() && buffer.sizes() == tensor.sizes() &&
         buffer.strides() == tensor.strides() && buffer.scalar_type() == tensor.scalar_type();
}

at::Tensor buffer_for(const at::Tensor& tensor) {
  const auto options = at::TensorOptions()
                           .dtype(tensor.scalar_type())
                           .device(at::kCPU)
                           .pinned_memory(tensor.is_cuda());
  if (!tensor.is_non_overlapping_and_dense()) {
    return at::empty_like(tensor, options, at::MemoryFormat::Contiguous);
  }
  return at::empty_strided(tensor.sizes(), tensor.strides(), options);
}

// Copies `live` into `kept`; returns the device whose copies are under way.
std::optional<at::Device> copy(const weights::NamedTensors& live, weights::NamedTensors& kept) {
  std::optional<at::Device> device;
  kept.resize(live.size());
  for (size_t i = 0; i < live.size(); ++i) {
    const at::Tensor tensor = live[i].second.detach();
    if (!fits(kept[i].second, tensor)) kept[i].second = buffer_for(tensor);
    kept[i].first = live[i].first;
    kept[i].second.copy_(tensor, /*non_blocking=*/true);
    if (!tensor.is_cpu()) device = tensor.device();
  }
  return device;
}

}  // namespace

const CheckpointContent& Snapshot::take(CheckpointContent live) {
  const at::NoGradGuard no_grad;
  const auto of_model = copy(live.model, kept_.model);
  const auto of_optimizer = copy(live.optimizer, kept_.optimizer);
  if (const auto device = of_model ? of_model : of_optimizer) {
    c10::impl::VirtualGuardImpl(device->type()).getStream(*device).synchronize();
  }
  kept_.state_json = std::move(live.state_json);
  kept_.config_yaml = std::move(live.config_yaml);
  return kept_;
}

}  // namespace stoker::train
