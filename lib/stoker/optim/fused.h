// What the optimizers share: the parameters sorted into lists that one fused kernel takes at once,
// and the state tensors beside them.
//
//   class Sgd final : public FusedOptimizer {
//     void update(const Lists& lists, double lr, double weight_decay, const StepOptions&) override;
//   };
//
// Parameters of 16 bits are moved in float32 copies and have float32 state: an average of bfloat16
// would not notice what is a two-hundredth of it, and LibTorch's fused SGD is wrong in bfloat16 on
// the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

// The parameters of one group, device and dtype that have a gradient, with state[kind][i].
struct TensorLists {
  std::vector<at::Tensor> parameters, gradients;
  std::vector<std::vector<at::Tensor>> state;
};

class FusedOptimizer : public Optimizer {
 public:
  void step(const StepOptions& options) final;
  void zero_grad() final;
  double base_lr() const final { return lr_; }
  NamedTensors state() final;
  void load_state(const NamedTensors& state) final;
  const std::vector<ParameterGroup>& groups() const final { return groups_; }

 protected:
  enum class Shape { kLikeParameter, kScalar };
  struct StateKind {
    std::string_view name;  // a string literal
    Shape shape = Shape::kLikeParameter;
    double initial = 0;
    // Instead of shape and initial: the state of a parameter, undefined where it has none of this
    // kind.
    at::Tensor (*make)(const at::Tensor& parameter) = nullptr;
  };
  using Lists = TensorLists;

  // Throws InternalError where two parameters share a name or one is not dense in memory.
  FusedOptimizer(std::vector<ParameterGroup> groups, double lr, std::vector<StateKind> kinds);
  // `lr` and `weight_decay` hold all factors. The scaler's tensors are on the lists' device.
  virtual void update(const Lists& lists, double lr, double weight_decay,
                      const StepOptions& options) = 0;

 private:
  struct Member {
    std::string name;
    at::Tensor parameter;
    std::vector<at::Tensor> state;  // by kind
  };
  struct Bucket {
    size_t group = 0;
    std::vector<Member> members;
  };

  // A bucket's lists, and the options on their device.
  struct Ready {
    size_t group = 0;
    Lists lists;
    std::vector<at::Tensor> narrow;  // parameters of 16 bits, whose copies are in the lists
    StepOptions options;
  };
  void add(size_t group, const std::string& name, const at::Tensor& parameter);
  Lists with_gradient(const Bucket& bucket) const;
  std::vector<Ready> make_ready(const StepOptions& options) const;

  std::vector<ParameterGroup> groups_;
  std::vector<StateKind> kinds_;
  std::vector<Bucket> buckets_;
  double lr_;
};

}  // namespace stoker::optim
