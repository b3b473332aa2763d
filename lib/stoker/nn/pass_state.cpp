#include "stoker/nn/pass_state.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

#include <mutex>

namespace stoker::nn {

PassState::PassState(c10::Device device)
    : device_(device.type()),
      autocast_(at::autocast::is_autocast_enabled(device_)),
      autocast_dtype_(at::autocast::get_autocast_dtype(device_)) {
  const auto keep = [this](at::Generator generator) {
    const std::scoped_lock lock(generator.mutex());
    at::Tensor state = generator.get_state();
    draws_.push_back({std::move(generator), std::move(state)});
  };
  keep(at::detail::getDefaultCPUGenerator());
  if (!device.is_cpu()) keep(at::globalContext().defaultGenerator(device));
}

void PassState::apply() const {
  at::autocast::set_autocast_enabled(device_, autocast_);
  at::autocast::set_autocast_dtype(device_, autocast_dtype_);
  for (const Draws& draws : draws_) {
    at::Generator generator = draws.generator;  // another reference to the same
    const std::scoped_lock lock(generator.mutex());
    generator.set_state(draws.state);
  }
}

// Autocast's cache of cast weights ends with the outermost scope of autocast, which is not here.
PassState::Scope::Scope(const PassState& state)
    : former_(state.draws_.back().generator.device()),
      former_cache_(at::autocast::is_autocast_cache_enabled()) {
  at::autocast::set_autocast_cache_enabled(false);
  state.apply();
}

PassState::Scope::~Scope() {
  former_.apply();
  at::autocast::set_autocast_cache_enabled(former_cache_);
}

}  // namespace stoker::nn
