// LibTorch's and CUDA's errors as those of stoker, in one place.
//
//   ops::on_device({.doing = "evaluating a batch of 1000 images", .device = device,
//                   .remedy = "Set eval.batch_size to a smaller number."},
//                  [&] { logits = model.forward(images); });
//
// What a machine lacks or breaks is no defect of stoker: memory that runs out becomes OutOfMemory,
// with what was asked, what was free and the remedy; an error of the device, its driver or its
// libraries becomes DeviceError. Errors of stoker and all others pass unchanged.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::ops {

// Says by itself what was asked and what was free, for those who go on with less.
class DeviceOutOfMemory : public OutOfMemory {
 public:
  DeviceOutOfMemory(const std::string& message, std::string facts)
      : OutOfMemory(message), facts_(std::move(facts)) {}
  const std::string& facts() const { return facts_; }

 private:
  std::string facts_;
};
// Of `error` where it has some, else what it says.
std::string memory_facts(const OutOfMemory& error);

struct DeviceWork {
  std::string doing;  // "training with a micro-batch of 64 images at step 12"
  c10::Device device;
  std::string_view remedy;  // for out of memory: one sentence
};

// To be called in a handler of the exception that is to be translated; throws in any case.
[[noreturn]] void rethrow_translated(const DeviceWork& work);

template <class Work>
decltype(auto) on_device(const DeviceWork& what, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    rethrow_translated(what);
  }
}

}  // namespace stoker::ops
