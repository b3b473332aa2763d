#include "stoker/optim/composite.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "stoker/core/error.h"

namespace stoker::optim {
namespace {

class Composite final : public Optimizer {
 public:
  explicit Composite(std::vector<std::unique_ptr<Optimizer>> parts) : parts_(std::move(parts)) {
    STOKER_CHECK(!parts_.empty(), "no optimizers");
    for (const auto& part : parts_)
      groups_.insert(groups_.end(), part->groups().begin(), part->groups().end());
  }

  void step(const StepOptions& options) override {
    for (size_t i = 0; i < parts_.size(); ++i) {
      try {
        parts_[i]->step(options);
      } catch (const OutOfMemory&) {
        if (i == 0) throw;
        throw TornUpdate();
      } catch (const c10::OutOfMemoryError&) {
        if (i == 0) throw;
        throw TornUpdate();
      }
    }
  }

  void zero_grad() override {
    for (auto& part : parts_) part->zero_grad();
  }
  double base_lr() const override { return parts_.front()->base_lr(); }
  const std::vector<ParameterGroup>& groups() const override { return groups_; }
  bool is_elementwise() const override {
    return std::ranges::all_of(parts_, [](const auto& part) { return part->is_elementwise(); });
  }

  NamedTensors state() override {
    NamedTensors all;
    for (auto& part : parts_)
      for (auto& item : part->state()) all.push_back(std::move(item));
    return all;
  }
  NamedTensors evaluation_weights() override {
    NamedTensors all;
    for (auto& part : parts_)
      for (auto& item : part->evaluation_weights()) all.push_back(std::move(item));
    return all;
  }

  // What no part knows goes to the first, which lists it.
  void load_state(const NamedTensors& state) override {
    std::map<std::string, size_t> owners;
    for (size_t i = 0; i < parts_.size(); ++i)
      for (const auto& [name, tensor] : parts_[i]->state()) owners.emplace(name, i);
    std::vector<NamedTensors> own(parts_.size());
    for (const auto& item : state) {
      const auto owner = owners.find(item.first);
      own[owner == owners.end() ? 0 : owner->second].push_back(item);
    }
    for (size_t i = 0; i < parts_.size(); ++i) parts_[i]->load_state(own[i]);
  }

 private:
  std::vector<std::unique_ptr<Optimizer>> parts_;
  std::vector<ParameterGroup> groups_;
};

}  // namespace

std::unique_ptr<Optimizer> make_composite(std::vector<std::unique_ptr<Optimizer>> parts) {
  return std::make_unique<Composite>(std::move(parts));
}

}  // namespace stoker::optim
