#include "stoker/algorithms/sam.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_abs.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace stoker::algorithms {

void describe(SamOptions& o, config::Fields& fields) {
  fields("rho", o.rho, "how far from the weights the gradient is taken").positive();
}

void describe(AsamOptions& o, config::Fields& fields) {
  fields("rho", o.rho, "how far from the weights the gradient is taken, relative to them")
      .positive();
  fields("eta", o.eta, "size that a weight counts with beside its own").at_least(0);
}

namespace {

using train::Event;

class Sam : public train::Algorithm {
 public:
  // eta: of ASAM.
  Sam(double rho, std::optional<double> eta) : rho_(rho), eta_(eta) {}

  std::string name() const override { return "sam"; }
  bool wants_second_pass() const override { return true; }

  void apply(Event event, train::Context& context) override {
    if (event == Event::kSecondPass) move_away(context.state);
    if (event == Event::kSecondPassDone) move_back();
  }

 private:
  // The weights that have gradients, and what they are to come back to. Of one device and dtype.
  struct List {
    std::vector<at::Tensor> weights, gradients, own;
  };

  void move_away(train::State& state) {
    const at::NoGradGuard no_grad;
    List list = list_of(state.optimizer());
    if (list.weights.empty()) return;
    std::vector<at::Tensor> moves = at::_foreach_mul(list.gradients, 1), sizes;
    if (eta_) {
      sizes = at::_foreach_abs(list.weights);
      at::_foreach_add_(sizes, *eta_);
      at::_foreach_mul_(moves, sizes);
    }
    const double norm = at::stack(at::_foreach_norm(moves, 2)).norm().item<double>();
    state.optimizer().zero_grad();
    // Of gradients that are not finite the second pass takes the same ones, and the update is left
    // out.
    if (!std::isfinite(norm)) return;
    if (eta_) at::_foreach_mul_(moves, sizes);
    list.gradients.clear();
    moved_ = std::move(list);  // all of it, should memory run out
    at::_foreach_add_(moved_.weights, moves, rho_ / (norm + 1e-12));
  }

  static List list_of(const optim::Optimizer& optimizer) {
    List list;
    for (const optim::ParameterGroup& group : optimizer.groups()) {
      for (const auto& [name, parameter] : group.parameters) {
        if (!parameter.grad().defined()) continue;
        list.weights.push_back(parameter.detach());
        list.gradients.push_back(parameter.grad());
        list.own.push_back(parameter.detach().clone());
      }
    }
    return list;
  }

  // To the very bits, which adding and subtracting would not do.
  void move_back() {
    const at::NoGradGuard no_grad;
    if (!moved_.weights.empty()) at::_foreach_copy_(moved_.weights, moved_.own);
    moved_ = {};
  }

  double rho_;
  std::optional<double> eta_;
  List moved_;
};

}  // namespace

std::unique_ptr<train::Algorithm> make_sam(const SamOptions& options) {
  return std::make_unique<Sam>(options.rho, std::nullopt);
}

std::unique_ptr<train::Algorithm> make_asam(const AsamOptions& options) {
  return std::make_unique<Sam>(options.rho, options.eta);
}

}  // namespace stoker::algorithms
