#include "stoker/parallel/staged_optimizer.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/weights/state_dict.h"

namespace stoker::parallel {

namespace {

using optim::NamedTensors;

constexpr std::string_view kWeights = "weights/", kState = "state/";

// Names, shapes and types as JSON behind its length, then the bytes.
std::string pack(const NamedTensors& tensors) {
  nlohmann::json index = nlohmann::json::array();
  std::string bytes;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor values = tensor.detach().cpu().contiguous();
    index.push_back({{"name", name},
                     {"sizes", values.sizes().vec()},
                     {"type", static_cast<int>(values.scalar_type())}});
    bytes.append(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  }
  const std::string head = json_text(index);
  return fmt::format("{} ", head.size()) + head + bytes;
}

NamedTensors unpack(const std::string& packed) {
  const size_t space = packed.find(' ');
  const auto head_size = static_cast<size_t>(std::stoll(packed.substr(0, space)));
  const char* bytes = packed.data() + space + 1 + head_size;
  NamedTensors tensors;
  for (const auto& item : parse_json(packed.substr(space + 1, head_size))) {
    const auto sizes = item["sizes"].get<std::vector<int64_t>>();
    const auto type = static_cast<at::ScalarType>(item["type"].get<int>());
    at::Tensor values = at::empty(sizes, at::TensorOptions(type));
    std::memcpy(values.mutable_data_ptr(), bytes, values.nbytes());
    bytes += values.nbytes();
    tensors.emplace_back(item["name"].get<std::string>(), std::move(values));
  }
  return tensors;
}

class Staged : public optim::Optimizer {
 public:
  Staged(Stage& stage, models::Model& model, std::unique_ptr<optim::Optimizer> inner)
      : stage_(stage), model_(model), inner_(std::move(inner)) {}

  void step(const optim::StepOptions& options) override {
    inner_->step(options);
    drop_gathered();
  }
  void zero_grad() override { inner_->zero_grad(); }
  double base_lr() const override { return inner_->base_lr(); }
  const std::vector<optim::ParameterGroup>& groups() const override { return inner_->groups(); }
  bool is_elementwise() const override { return inner_->is_elementwise(); }
  NamedTensors evaluation_weights() override { return inner_->evaluation_weights(); }
  std::unique_ptr<dist::GradientExchange> exchange(dist::Group& group,
                                                   const NamedTensors& parameters) override {
    return inner_->exchange(group, parameters);
  }

  at::Tensor norm_of_all(const at::Tensor& own) override {
    const at::Tensor square = inner_->norm_of_all(own).square();
    stage_.stages().sum(square);
    return square.sqrt();
  }
  void share_found_inf(at::Tensor& found_inf) override {
    inner_->share_found_inf(found_inf);
    stage_.stages().sum(found_inf);
    found_inf.clamp_max_(1);
  }

  NamedTensors own_state() override { return inner_->own_state(); }
  // Of all stages on the first rank once gathered, and nothing elsewhere.
  NamedTensors state() override {
    if (is_gathered_) return gathered_state_;
    throw FileError(
        "the optimizer's state is divided among stages (dist.mesh.pipeline), and can be saved only "
        "at a step at which all of them are asked for it");
  }
  void load_state(const NamedTensors& state) override {
    NamedTensors own = state;
    std::erase_if(own, [&](const auto& item) { return is_elsewhere(item.first); });
    inner_->load_state(own);
    drop_gathered();
  }

  void gather_state() override {
    if (is_gathered_) return;
    inner_->gather_state();
    // Other columns have the same.
    if (stage_.replicas().is_first()) collect();
    is_gathered_ = true;
  }
  void drop_gathered() override {
    inner_->drop_gathered();
    is_gathered_ = false;
    gathered_state_.clear();
    gathered_weights_.clear();
  }

  NamedTensors at_hand(NamedTensors tensors) override {
    NamedTensors found;
    if (gathered_weights_.empty()) {
      std::erase_if(tensors, [&](const auto& item) { return !stage_.has(item.first); });
      return inner_->at_hand(std::move(tensors));
    }
    for (const auto& [name, tensor] : tensors) {
      const auto whole =
          std::ranges::find(gathered_weights_, name, &NamedTensors::value_type::first);
      STOKER_CHECK(whole != gathered_weights_.end(), "no stage has {}", name);
      found.push_back(*whole);
    }
    return found;
  }

 private:
  void collect() {
    NamedTensors own;
    for (const auto& [name, tensor] : at_hand(weights::state_dict(model_)))
      own.emplace_back(std::string(kWeights) + name, tensor);
    for (const auto& [name, tensor] : inner_->state())
      own.emplace_back(std::string(kState) + name, tensor);
    std::set<std::string> seen;  // some state, such as a count of steps, is of no parameter
    for (const std::string& packed : stage_.stages().collect(pack(own))) {
      for (auto& [name, tensor] : unpack(packed)) {
        if (!seen.insert(name).second) continue;
        if (name.starts_with(kWeights)) {
          gathered_weights_.emplace_back(name.substr(kWeights.size()), std::move(tensor));
        } else {
          gathered_state_.emplace_back(name.substr(kState.size()), std::move(tensor));
        }
      }
    }
  }

  // "momentum/blocks.3.weight", of a parameter that another stage moves
  bool is_elsewhere(const std::string& name) const {
    return std::ranges::any_of(stage_.learning_elsewhere(), [&](const std::string& parameter) {
      return name.ends_with("/" + parameter);
    });
  }

  Stage& stage_;
  models::Model& model_;
  std::unique_ptr<optim::Optimizer> inner_;
  bool is_gathered_ = false;
  NamedTensors gathered_state_, gathered_weights_;  // of the first rank, for a checkpoint
};

}  // namespace

std::unique_ptr<optim::Optimizer> make_staged(Stage& stage, models::Model& model,
                                              std::unique_ptr<optim::Optimizer> inner) {
  return std::make_unique<Staged>(stage, model, std::move(inner));
}

}  // namespace stoker::parallel
