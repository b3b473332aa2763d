#include "stoker/optim/fused.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/ops/cpu_memory.h"

namespace stoker::optim {
namespace {

std::string describe_tensor(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", c10::toString(tensor.scalar_type()),
                     fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ", "));
}

// The fused kernels walk raw memory: a gradient that lies in another order than its parameter would
// be read crosswise without a word on the CPU.
at::Tensor in_layout_of(const at::Tensor& gradient, const at::Tensor& parameter) {
  if (gradient.strides() == parameter.strides()) return gradient;
  at::Tensor copy = at::empty_strided(parameter.sizes(), parameter.strides(), parameter.options());
  return copy.copy_(gradient);
}

std::optional<at::Tensor> on_device(const std::optional<at::Tensor>& scalar, at::Device device) {
  if (!scalar) return std::nullopt;
  return scalar->to(device, /*non_blocking=*/true);
}

bool is_narrow(const at::Tensor& parameter) {
  return parameter.scalar_type() == at::kHalf || parameter.scalar_type() == at::kBFloat16;
}

std::vector<at::Tensor> widened(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> wide;
  for (const at::Tensor& tensor : tensors) wide.push_back(tensor.detach().to(at::kFloat));
  return wide;
}

}  // namespace

FusedOptimizer::FusedOptimizer(std::vector<ParameterGroup> groups, double lr,
                               std::vector<StateKind> kinds)
    : groups_(std::move(groups)), kinds_(std::move(kinds)), lr_(lr) {
  std::set<std::string_view> names;
  for (size_t group = 0; group < groups_.size(); ++group) {
    for (const auto& [name, parameter] : groups_[group].parameters) {
      STOKER_CHECK(names.insert(name).second, "two parameters are named {}", name);
      STOKER_CHECK(parameter.is_non_overlapping_and_dense(), "parameter {} has gaps or overlaps",
                   name);
      add(group, name, parameter);
    }
  }
}

void FusedOptimizer::add(size_t group, const std::string& name, const at::Tensor& parameter) {
  Member member{name, parameter, {}};
  const at::Tensor like =
      is_narrow(parameter) ? parameter.detach().to(at::kFloat) : parameter.detach();
  const auto scalar = at::TensorOptions().dtype(at::kFloat).device(parameter.device());
  for (const StateKind& kind : kinds_) {
    if (kind.make != nullptr) {
      member.state.push_back(kind.make(like));
    } else {
      member.state.push_back(kind.shape == Shape::kLikeParameter
                                 ? at::full_like(like, kind.initial)
                                 : at::full({}, kind.initial, scalar));
    }
  }
  auto bucket = std::find_if(buckets_.begin(), buckets_.end(), [&](const Bucket& candidate) {
    const at::Tensor& first = candidate.members.front().parameter;
    return candidate.group == group && first.device() == parameter.device() &&
           first.scalar_type() == parameter.scalar_type();
  });
  if (bucket == buckets_.end()) bucket = buckets_.insert(buckets_.end(), Bucket{group, {}});
  bucket->members.push_back(std::move(member));
}

FusedOptimizer::Lists FusedOptimizer::with_gradient(const Bucket& bucket) const {
  Lists lists;
  lists.state.resize(kinds_.size());
  for (const Member& member : bucket.members) {
    const at::Tensor& gradient = member.parameter.grad();
    if (!gradient.defined()) continue;
    lists.parameters.push_back(member.parameter);
    lists.gradients.push_back(in_layout_of(gradient, member.parameter));
    for (size_t kind = 0; kind < kinds_.size(); ++kind) {
      const at::Tensor& state = member.state[kind];
      const bool is_like = kinds_[kind].make == nullptr && kinds_[kind].shape != Shape::kScalar;
      STOKER_CHECK(!is_like || state.strides() == member.parameter.strides(),
                   "parameter {} changed its layout after the optimizer was built", member.name);
      lists.state[kind].push_back(state);
    }
  }
  return lists;
}

std::vector<FusedOptimizer::Ready> FusedOptimizer::make_ready(const StepOptions& options) const {
  std::vector<Ready> ready;
  for (const Bucket& bucket : buckets_) {
    Lists lists = with_gradient(bucket);
    if (lists.parameters.empty()) continue;
    const at::Device device = lists.parameters.front().device();
    std::vector<at::Tensor> narrow;
    if (is_narrow(lists.parameters.front())) {
      narrow = std::exchange(lists.parameters, widened(lists.parameters));
      lists.gradients = widened(lists.gradients);
    }
    ready.push_back({bucket.group, std::move(lists), std::move(narrow),
                     StepOptions{.lr_factor = options.lr_factor,
                                 .grad_scale = on_device(options.grad_scale, device),
                                 .found_inf = on_device(options.found_inf, device)}});
  }
  return ready;
}

// What needs memory comes first, so that an update that does not fit leaves everything as it was.
void FusedOptimizer::step(const StepOptions& options) {
  STOKER_CHECK(options.grad_scale.has_value() == options.found_inf.has_value(),
               "grad_scale and found_inf come together");
  at::NoGradGuard no_grad;
  const std::vector<Ready> ready = make_ready(options);
  const ops::PassCpuLimit pass_limit;  // a few scalars
  for (const Ready& part : ready) {
    const ParameterGroup& group = groups_[part.group];
    try {
      update(part.lists, lr_ * group.lr_factor * options.lr_factor, group.weight_decay,
             part.options);
      if (!part.narrow.empty()) at::_foreach_copy_(part.narrow, part.lists.parameters);
    } catch (const c10::OutOfMemoryError&) {
      throw TornUpdate();
    }
  }
}

void FusedOptimizer::zero_grad() {
  for (const Bucket& bucket : buckets_)
    for (const Member& member : bucket.members) member.parameter.mutable_grad() = at::Tensor();
}

NamedTensors FusedOptimizer::state() {
  NamedTensors named;
  for (size_t kind = 0; kind < kinds_.size(); ++kind)
    for (const Bucket& bucket : buckets_)
      for (const Member& member : bucket.members)
        if (member.state[kind].defined()) {
          named.emplace_back(fmt::format("{}/{}", kinds_[kind].name, member.name),
                             member.state[kind]);
        }
  return named;
}

void FusedOptimizer::load_state(const NamedTensors& state) {
  const NamedTensors own = this->state();
  std::map<std::string_view, const at::Tensor*> expected;
  for (const auto& [name, tensor] : own) expected.emplace(name, &tensor);
  std::vector<std::pair<const at::Tensor*, const at::Tensor*>> copies;
  std::vector<std::string> faults;
  for (const auto& [name, tensor] : state) {
    const auto found = expected.find(name);
    if (found == expected.end()) {
      faults.push_back(fmt::format("unexpected {}", name));
      continue;
    }
    const at::Tensor& target = *found->second;
    if (tensor.sizes() == target.sizes() && tensor.scalar_type() == target.scalar_type()) {
      copies.emplace_back(&target, &tensor);
    } else {
      faults.push_back(fmt::format("{} is {}, expected {}", name, describe_tensor(tensor),
                                   describe_tensor(target)));
    }
    expected.erase(found);
  }
  for (const auto& [name, tensor] : own)
    if (expected.contains(name)) faults.push_back(fmt::format("missing {}", name));
  if (!faults.empty()) {
    throw DataError(
        fmt::format("the optimizer's state does not fit: {}. Was it saved with another "
                    "optimizer or model?",
                    fmt::join(faults, "; ")));
  }
  at::NoGradGuard no_grad;
  for (const auto& [target, source] : copies) target->copy_(*source);
}

}  // namespace stoker::optim
