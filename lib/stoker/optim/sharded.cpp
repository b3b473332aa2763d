#include "stoker/optim/sharded.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"

namespace stoker::optim {

namespace {

// The values of a dense tensor in the order in which they lie in memory.
at::Tensor flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

// What of a parameter is this rank's.
struct Slice {
  std::string name;
  at::Tensor whole, part;  // part: a view of whole's memory, a leaf of its own
  int64_t begin = 0;       // of the part, in the flat parameter
};

// "momentum/conv1.weight" → "conv1.weight"
std::string parameter_of(const std::string& state_name) {
  return state_name.substr(state_name.find('/') + 1);
}

class Sharded : public Optimizer {
 public:
  Sharded(dist::Group& group, std::vector<ParameterGroup> groups, const BuildOptimizer& build)
      : group_(group), groups_(std::move(groups)) {
    int64_t values = 0;
    for (const ParameterGroup& one : groups_) {
      for (const auto& [name, parameter] : one.parameters) {
        check(name, parameter);
        values += parameter.numel();
      }
    }
    part_size_ = (values + group.size() - 1) / group.size();
    inner_ = build(cut());
    if (!inner_->is_elementwise() || !inner_->evaluation_weights().empty()) {
      throw ConfigError(
          "dist.shard: optimizer does not go with this optimizer, which looks at parameters as a "
          "whole: expected one that moves each value by itself, as sgd and adamw do, or "
          "dist.shard: none.");
    }
    const at::Tensor& any = groups_.front().parameters.front().second;
    all_parts_ = at::zeros({part_size_ * group.size()}, any.options().requires_grad(false));
  }

  void step(const StepOptions& options) override {
    const at::NoGradGuard no_grad;
    for (Slice& slice : slices_) {
      const at::Tensor& gradient = slice.whole.grad();
      slice.part.mutable_grad() =
          gradient.defined()
              ? flat(like(gradient, slice.whole)).narrow(0, slice.begin, slice.part.numel())
              : at::Tensor();
    }
    inner_->step(options);
    inner_->zero_grad();
    is_gathered_ = false;
    share_parts();
  }

  void zero_grad() override {
    for (const ParameterGroup& one : groups_) {
      for (const auto& [name, parameter] : one.parameters) parameter.mutable_grad() = at::Tensor();
    }
  }

  double base_lr() const override { return inner_->base_lr(); }
  const std::vector<ParameterGroup>& groups() const override { return groups_; }

  // Whole on the first rank once gathered, and nothing elsewhere.
  NamedTensors state() override {
    if (is_gathered_) return gathered_;
    throw FileError(
        "the optimizer's state is divided among the ranks (dist.shard), and can be saved only at a "
        "step at which all of them are asked for it");
  }
  NamedTensors own_state() override { return inner_->own_state(); }

  void gather_state() override {
    if (is_gathered_) return;
    nlohmann::json index = nlohmann::json::array();
    std::string bytes;
    for (const auto& [name, tensor] : inner_->state()) {
      const at::Tensor on_cpu = tensor.detach().cpu().contiguous();
      const Slice& slice = slice_of(parameter_of(name));
      index.push_back({{"name", name},
                       {"begin", slice.begin},
                       {"values", on_cpu.numel()},
                       {"is_part", is_part(tensor, slice)}});
      bytes.append(static_cast<const char*>(on_cpu.const_data_ptr()), on_cpu.nbytes());
    }
    const std::string head = json_text(index);
    put_together(group_.collect(fmt::format("{} ", head.size()) + head + bytes));
    is_gathered_ = true;
  }

  void load_state(const NamedTensors& state) override {
    std::map<std::string, at::Tensor> whole(state.begin(), state.end());
    NamedTensors own;
    for (const auto& [name, tensor] : inner_->state()) {
      const auto found = whole.find(name);
      if (found == whole.end()) continue;  // the inner optimizer lists it
      const Slice& slice = slice_of(parameter_of(name));
      const bool fits = found->second.sizes() == slice.whole.sizes();
      if (!is_part(tensor, slice) || !fits) {
        own.emplace_back(name, found->second);
        continue;
      }
      own.emplace_back(
          name, flat(like(found->second, slice.whole)).narrow(0, slice.begin, slice.part.numel()));
    }
    // Names that belong to parts of other ranks are no surprise; others are.
    for (const auto& [name, tensor] : state) {
      if (!is_known(parameter_of(name))) own.emplace_back(name, tensor);
    }
    inner_->load_state(own);
    is_gathered_ = false;
  }

 private:
  void check(const std::string& name, const at::Tensor& parameter) const {
    const at::Tensor& first = groups_.front().parameters.front().second;
    if (parameter.is_non_overlapping_and_dense() && parameter.device() == first.device() &&
        parameter.scalar_type() == first.scalar_type() && parameter.element_size() >= 4) {
      return;
    }
    throw ConfigError(fmt::format(
        "dist.shard: the parameter {} is not laid out, or not of the type, as the others: its "
        "optimizer state cannot be divided. Set dist.shard: none.",
        name));
  }

  // A tensor of `shape_of`'s shape with its layout.
  static at::Tensor like(const at::Tensor& tensor, const at::Tensor& shape_of) {
    if (tensor.strides() == shape_of.strides()) return tensor;
    return at::empty_like(shape_of, tensor.options()).copy_(tensor);
  }

  // The groups of this rank's parts.
  std::vector<ParameterGroup> cut() {
    const int64_t begin = group_.rank() * part_size_, end = begin + part_size_;
    int64_t at = 0;
    std::vector<ParameterGroup> parts;
    for (const ParameterGroup& one : groups_) {
      ParameterGroup part{.parameters = {},
                          .lr_factor = one.lr_factor,
                          .weight_decay = one.weight_decay,
                          .optimizer = one.optimizer,
                          .parts = one.parts};
      for (const auto& [name, parameter] : one.parameters) {
        const int64_t first = std::clamp<int64_t>(begin - at, 0, parameter.numel());
        const int64_t last = std::clamp<int64_t>(end - at, 0, parameter.numel());
        at += parameter.numel();
        if (first == last) continue;
        const at::Tensor view = flat(parameter.detach()).narrow(0, first, last - first);
        slices_.push_back(
            {.name = name, .whole = parameter, .part = view.requires_grad_(), .begin = first});
        part.parameters.emplace_back(name, slices_.back().part);
      }
      if (!part.parameters.empty()) parts.push_back(std::move(part));
    }
    return parts;
  }

  // Each rank's values of all parameters, to all ranks.
  void share_parts() {
    const at::Tensor own = at::zeros({part_size_}, all_parts_.options());
    int64_t at = 0;
    for (const Slice& slice : slices_) {
      own.narrow(0, at, slice.part.numel()).copy_(slice.part);
      at += slice.part.numel();
    }
    group_.gather_parts(all_parts_, own);
    int64_t from = 0;
    for (const ParameterGroup& one : groups_) {
      for (const auto& [name, parameter] : one.parameters) {
        flat(parameter.detach()).copy_(all_parts_.narrow(0, from, parameter.numel()));
        from += parameter.numel();
      }
    }
  }

  const Slice& slice_of(const std::string& name) const {
    const auto found = std::ranges::find(slices_, name, &Slice::name);
    STOKER_CHECK(found != slices_.end(), "no part of {}", name);
    return *found;
  }
  bool is_known(const std::string& name) const {
    return std::ranges::any_of(groups_, [&](const ParameterGroup& one) {
      return std::ranges::any_of(one.parameters,
                                 [&](const auto& item) { return item.first == name; });
    });
  }
  // Whether state is one value for each of the part's, rather than a number.
  static bool is_part(const at::Tensor& state, const Slice& slice) {
    return state.dim() == 1 && state.numel() == slice.part.numel();
  }

  at::Tensor whole_of(const std::string& name) const {
    for (const ParameterGroup& one : groups_) {
      for (const auto& [known, parameter] : one.parameters)
        if (known == name) return parameter;
    }
    throw InternalError(fmt::format("no parameter {}", name));
  }

  // ranks: what each has packed; nothing on ranks but the first.
  void put_together(const std::vector<std::string>& ranks) {
    gathered_.clear();
    std::map<std::string, at::Tensor> tensors;
    for (const std::string& packed : ranks) {
      const size_t space = packed.find(' ');
      const auto head_size = static_cast<size_t>(std::stoll(packed.substr(0, space)));
      const char* values = packed.data() + space + 1 + head_size;
      for (const auto& item : parse_json(packed.substr(space + 1, head_size))) {
        const std::string name = item["name"];
        const at::Tensor parameter = whole_of(parameter_of(name));
        const int64_t count = item["values"], begin = item["begin"];
        const size_t bytes = static_cast<size_t>(count) * parameter.element_size();
        const bool is_part = item["is_part"];
        at::Tensor& tensor = tensors[name];
        if (!tensor.defined()) {
          tensor = is_part
                       ? at::empty_like(parameter,
                                        parameter.options().device(at::kCPU).requires_grad(false))
                       : at::zeros({}, at::TensorOptions(parameter.scalar_type()));
          gathered_.emplace_back(name, tensor);
        }
        char* to = static_cast<char*>(tensor.mutable_data_ptr());
        std::memcpy(to + (is_part ? static_cast<size_t>(begin) * parameter.element_size() : 0),
                    values, bytes);
        values += bytes;
      }
    }
  }

  dist::Group& group_;
  std::vector<ParameterGroup> groups_;
  std::vector<Slice> slices_;  // of this rank, in the order of the parameters
  std::unique_ptr<Optimizer> inner_;
  int64_t part_size_ = 0;
  at::Tensor all_parts_;
  NamedTensors gathered_;
  bool is_gathered_ = false;
};

}  // namespace

std::unique_ptr<Optimizer> make_sharded(dist::Group& group, std::vector<ParameterGroup> groups,
                                        const BuildOptimizer& build) {
  return std::make_unique<Sharded>(group, std::move(groups), build);
}

}  // namespace stoker::optim
