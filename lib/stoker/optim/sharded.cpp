#include "stoker/optim/sharded.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "stoker/core/ceil_div.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"

namespace stoker::optim {

namespace {

// The values of a dense tensor in the order in which they lie in memory.
at::Tensor flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

// What of a parameter is this rank's.
struct Slice {
  std::string name;
  at::Tensor whole, part;
  int64_t begin = 0;  // of the part, in the flat parameter
};

// "momentum/conv1.weight" → "conv1.weight"
std::string parameter_of(const std::string& state_name) {
  return state_name.substr(state_name.find('/') + 1);
}

// A tensor of `shape_of`'s shape with its layout.
at::Tensor like(const at::Tensor& tensor, const at::Tensor& shape_of) {
  if (tensor.strides() == shape_of.strides()) return tensor;
  return at::empty_like(shape_of, tensor.options()).copy_(tensor);
}

void check_alike(const std::vector<ParameterGroup>& groups) {
  const at::Tensor& first = groups.front().parameters.front().second;
  for (const ParameterGroup& one : groups) {
    for (const auto& [name, parameter] : one.parameters) {
      if (parameter.is_non_overlapping_and_dense() && parameter.device() == first.device() &&
          parameter.scalar_type() == first.scalar_type() && parameter.element_size() >= 4)
        continue;
      throw ConfigError(fmt::format(
          "dist.shard: the parameter {} is not laid out, or not of the type, as the others: its "
          "optimizer state cannot be divided. Set dist.shard: none.",
          name));
    }
  }
}

// Stage 1: all parameters one after another, in as many equal parts as there are ranks.
class StateDivision : public Division {
 public:
  StateDivision(dist::Group& group, const std::vector<ParameterGroup>& groups) : group_(group) {
    int64_t values = 0;
    for (const ParameterGroup& one : groups) {
      for (const auto& [name, parameter] : one.parameters) {
        parameters_.push_back(parameter);
        values += parameter.numel();
      }
    }
    part_size_ = ceil_div(values, group.size());
    all_parts_ =
        at::zeros({part_size_ * group.size()}, parameters_.front().options().requires_grad(false));
  }

  std::optional<Part> part_of(const std::string&, const at::Tensor& parameter) override {
    const int64_t own = group_.rank() * part_size_, size = parameter.numel();
    const int64_t first = std::clamp<int64_t>(own - next_, 0, size);
    const int64_t last = std::clamp<int64_t>(own + part_size_ - next_, 0, size);
    next_ += size;
    if (first == last) return std::nullopt;
    parts_.push_back(flat(parameter.detach()).narrow(0, first, last - first).requires_grad_());
    return Part{parts_.back(), first};
  }
  bool divides_gradients() const override { return false; }
  std::unique_ptr<dist::GradientExchange> exchange(const NamedTensors& parameters) override {
    return group_.exchange(parameters);
  }

  // Each rank's values of all parameters, to all ranks.
  void share() override {
    const at::Tensor own = at::zeros({part_size_}, all_parts_.options());
    int64_t at = 0;
    for (const at::Tensor& part : parts_) {
      own.narrow(0, at, part.numel()).copy_(part);
      at += part.numel();
    }
    group_.gather_parts(all_parts_, own);
    int64_t from = 0;
    for (const at::Tensor& parameter : parameters_) {
      flat(parameter.detach()).copy_(all_parts_.narrow(0, from, parameter.numel()));
      from += parameter.numel();
    }
  }

 private:
  dist::Group& group_;
  std::vector<at::Tensor> parameters_, parts_;  // parts_: views of the parameters' memory
  int64_t part_size_ = 0, next_ = 0;
  at::Tensor all_parts_;
};

class Sharded : public Optimizer {
 public:
  Sharded(dist::Group& group, std::vector<ParameterGroup> groups, const BuildOptimizer& build,
          std::shared_ptr<Division> division)
      : group_(group), division_(std::move(division)), groups_(std::move(groups)) {
    inner_ = build(cut());
    if (!inner_->is_elementwise() || !inner_->evaluation_weights().empty()) {
      throw ConfigError(
          "dist.shard does not go with this optimizer, which looks at parameters as a whole: "
          "expected one that moves each value by itself, as sgd and adamw do, or "
          "dist.shard: none.");
    }
  }

  void step(const StepOptions& options) override {
    const at::NoGradGuard no_grad;
    if (!division_->divides_gradients()) take_gradients();
    inner_->step(options);
    inner_->zero_grad();
    drop_gathered();
    division_->share();
  }

  void zero_grad() override {
    for (const ParameterGroup& one : groups_) {
      for (const auto& [name, parameter] : one.parameters) parameter.mutable_grad() = at::Tensor();
    }
    inner_->zero_grad();
    division_->drop_gradients();
  }

  double base_lr() const override { return inner_->base_lr(); }
  const std::vector<ParameterGroup>& groups() const override {
    return division_->divides_gradients() ? inner_->groups() : groups_;
  }

  std::unique_ptr<dist::GradientExchange> exchange(dist::Group&,
                                                   const NamedTensors& parameters) override {
    return division_->exchange(parameters);
  }
  at::Tensor norm_of_all(const at::Tensor& own) override {
    if (!division_->divides_gradients()) return own;
    const at::Tensor square = own.to(device()).square();
    group_.sum(square);
    return square.sqrt();
  }
  void share_found_inf(at::Tensor& found_inf) override {
    if (!division_->divides_gradients()) return;
    group_.sum(found_inf);
    found_inf.clamp_max_(1);
  }
  NamedTensors at_hand(NamedTensors tensors) override {
    const std::map<std::string, at::Tensor> whole(parameters_.begin(), parameters_.end());
    NamedTensors found;
    for (auto& [name, tensor] : tensors) {
      if (!division_->is_in_parts(name)) {
        found.emplace_back(name, std::move(tensor));
      } else if (const auto gathered = whole.find(name); gathered != whole.end()) {
        found.emplace_back(*gathered);
      }
    }
    return found;
  }

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
    parameters_ = division_->gather();
    is_gathered_ = true;
  }

  void drop_gathered() override {
    is_gathered_ = false;
    gathered_.clear();
    parameters_.clear();
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
  at::Device device() const { return groups_.front().parameters.front().second.device(); }

  void take_gradients() {
    for (Slice& slice : slices_) {
      const at::Tensor& gradient = slice.whole.grad();
      slice.part.mutable_grad() =
          gradient.defined()
              ? flat(like(gradient, slice.whole)).narrow(0, slice.begin, slice.part.numel())
              : at::Tensor();
    }
  }

  // The groups of this rank's parts.
  std::vector<ParameterGroup> cut() {
    std::vector<ParameterGroup> parts;
    for (const ParameterGroup& one : groups_) {
      ParameterGroup part{.parameters = {},
                          .lr_factor = one.lr_factor,
                          .weight_decay = one.weight_decay,
                          .optimizer = one.optimizer,
                          .parts = one.parts};
      for (const auto& [name, parameter] : one.parameters) {
        const std::optional<Division::Part> own = division_->part_of(name, parameter);
        if (!own) continue;
        slices_.push_back(
            {.name = name, .whole = parameter, .part = own->values, .begin = own->begin});
        part.parameters.emplace_back(name, own->values);
      }
      if (!part.parameters.empty()) parts.push_back(std::move(part));
    }
    return parts;
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
  std::shared_ptr<Division> division_;
  std::vector<ParameterGroup> groups_;
  std::vector<Slice> slices_;  // of this rank, in the order of the parameters
  std::unique_ptr<Optimizer> inner_;
  NamedTensors gathered_, parameters_;  // of the first rank, for a checkpoint
  bool is_gathered_ = false;
};

}  // namespace

std::unique_ptr<Optimizer> make_sharded(dist::Group& group, std::vector<ParameterGroup> groups,
                                        const BuildOptimizer& build) {
  check_alike(groups);
  auto division = std::make_shared<StateDivision>(group, groups);
  return std::make_unique<Sharded>(group, std::move(groups), build, std::move(division));
}

std::unique_ptr<Optimizer> make_sharded(dist::Group& group, std::vector<ParameterGroup> groups,
                                        const BuildOptimizer& build,
                                        std::shared_ptr<Division> division) {
  check_alike(groups);
  return std::make_unique<Sharded>(group, std::move(groups), build, std::move(division));
}

}  // namespace stoker::optim
