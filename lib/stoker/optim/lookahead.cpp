#include "stoker/optim/lookahead.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/ops/cpu_memory.h"

namespace stoker::optim {
namespace {

class Lookahead final : public Optimizer {
 public:
  Lookahead(std::unique_ptr<Optimizer> fast, int64_t every_steps, double alpha)
      : fast_(std::move(fast)), every_steps_(every_steps), alpha_(alpha) {
    for (const ParameterGroup& group : fast_->groups()) {
      for (const auto& [name, parameter] : group.parameters) {
        const at::Tensor weight = parameter.detach();
        lists_of(weight).add(weight);
        slow_.emplace_back("slow/" + name, lists_.back().slow.back());
      }
    }
    slow_.emplace_back("lookahead/step", steps_);
  }

  // Weights may have been set since the optimizer was built, so the slow ones begin here.
  void step(const StepOptions& options) override {
    const at::NoGradGuard no_grad;
    if (steps_.item<int64_t>() == 0)
      for (const Lists& lists : lists_) at::_foreach_copy_(lists.slow, lists.weights);
    fast_->step(options);
    const ops::PassCpuLimit pass_limit;
    steps_.add_(1);
    if (steps_.item<int64_t>() % every_steps_ != 0) return;
    for (const Lists& lists : lists_) {
      at::_foreach_lerp_(lists.slow, lists.weights, alpha_);
      at::_foreach_copy_(lists.weights, lists.slow);
    }
  }

  void zero_grad() override { fast_->zero_grad(); }
  double base_lr() const override { return fast_->base_lr(); }
  const std::vector<ParameterGroup>& groups() const override { return fast_->groups(); }
  bool is_elementwise() const override { return fast_->is_elementwise(); }
  void gather_state() override { fast_->gather_state(); }
  void drop_gathered() override { fast_->drop_gathered(); }

  NamedTensors state() override { return with_slow(fast_->state()); }
  NamedTensors own_state() override { return with_slow(fast_->own_state()); }

  void load_state(const NamedTensors& state) override {
    const std::map<std::string, at::Tensor> own(slow_.begin(), slow_.end());
    NamedTensors rest;
    std::map<std::string, at::Tensor> found;
    for (const auto& item : state) {
      if (own.contains(item.first)) {
        found.insert(item);
      } else {
        rest.push_back(item);
      }
    }
    check(own, found);
    fast_->load_state(rest);
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : found) at::Tensor(own.at(name)).copy_(tensor);
  }

 private:
  // Of one device and dtype, as the foreach kernels want them.
  struct Lists {
    std::vector<at::Tensor> weights, slow;
    void add(const at::Tensor& weight) {
      weights.push_back(weight);
      slow.push_back(weight.clone());
    }
  };

  Lists& lists_of(const at::Tensor& weight) {
    if (lists_.empty() || lists_.back().weights.front().device() != weight.device() ||
        lists_.back().weights.front().scalar_type() != weight.scalar_type()) {
      lists_.emplace_back();
    }
    return lists_.back();
  }

  NamedTensors with_slow(NamedTensors state) const {
    state.insert(state.end(), slow_.begin(), slow_.end());
    return state;
  }

  static void check(const std::map<std::string, at::Tensor>& own,
                    const std::map<std::string, at::Tensor>& found) {
    std::vector<std::string> faults;
    for (const auto& [name, tensor] : own) {
      const auto given = found.find(name);
      if (given == found.end()) {
        faults.push_back("missing " + name);
      } else if (given->second.sizes() != tensor.sizes()) {
        faults.push_back(name + " is of another shape");
      }
    }
    if (faults.empty()) return;
    throw DataError(
        fmt::format("the state of optimizer.lookahead does not fit: {}", fmt::join(faults, "; ")));
  }

  std::unique_ptr<Optimizer> fast_;
  int64_t every_steps_;
  double alpha_;
  std::vector<Lists> lists_;
  NamedTensors slow_;  // by the names of the state
  at::Tensor steps_ = at::zeros({}, at::kLong);
};

}  // namespace

std::unique_ptr<Optimizer> with_lookahead(std::unique_ptr<Optimizer> fast,
                                          const LookaheadOptions& options) {
  if (!options.every_steps) return fast;
  if (!fast->evaluation_weights().empty()) {
    throw ConfigError(
        "optimizer.lookahead does not go with an optimizer that averages its weights itself: set "
        "optimizer.lookahead.every_steps to none, or choose another optimizer.");
  }
  return std::make_unique<Lookahead>(std::move(fast), *options.every_steps, options.alpha);
}

}  // namespace stoker::optim
