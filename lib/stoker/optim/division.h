// How the values of parameters are divided among ranks, as an optimizer of parts (sharded.h) sees
// it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "stoker/dist/group.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::optim {

class Division {
 public:
  struct Part {
    at::Tensor values;  // of one dimension, a leaf; lives as long as the division
    int64_t begin = 0;  // of them, in the parameter's values as they lie in memory
  };

  virtual ~Division() = default;

  // What of a parameter is this rank's; nothing where it is all of others. Once for each parameter.
  virtual std::optional<Part> part_of(const std::string& name, const at::Tensor& parameter) = 0;

  // Whether parts get gradients of their own from exchange(), rather than parameters whole ones.
  virtual bool divides_gradients() const = 0;
  virtual std::unique_ptr<dist::GradientExchange> exchange(
      const weights::NamedTensors& parameters) = 0;
  virtual void drop_gradients() {}

  // The parts have moved: all ranks call it.
  virtual void share() = 0;

  // For a checkpoint. Parameters that ranks have parts of alone, whole and in host memory, on the
  // first rank; nothing on the others. All ranks call it.
  virtual weights::NamedTensors gather() { return {}; }
  virtual bool is_in_parts(const std::string& name) const {
    (void)name;
    return false;
  }
};

}  // namespace stoker::optim
