// What a forward pass depends on beside its input and weights: torch's random generators and
// autocast. Taken at a pass's start, it lets the pass run again with the same draws and casts.
//
//   const PassState before(x.device());
//   y = piece(x);
//   { const PassState::Scope again(before); same = piece(x); }   // restores what was
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <vector>

namespace stoker::nn {

class PassState {
 public:
  // Of the calling thread, for passes on `device`.
  explicit PassState(c10::Device device);

  class Scope;
  class Restore;

 private:
  struct Draws {
    at::Generator generator;
    at::Tensor state;
  };
  void apply() const;

  c10::DeviceType device_;
  bool autocast_;
  c10::ScalarType autocast_dtype_;
  std::vector<Draws> draws_;  // of the CPU, and of a GPU
};

class PassState::Scope {
 public:
  explicit Scope(const PassState& state);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  PassState former_;
  bool former_cache_;
};

// Puts back at its end what was at its beginning; passes between run as they would without it.
class PassState::Restore {
 public:
  explicit Restore(c10::Device device) : former_(device) {}
  ~Restore() { former_.apply(); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  PassState former_;
};

}  // namespace stoker::nn
