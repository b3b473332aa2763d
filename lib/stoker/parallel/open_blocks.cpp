#include "stoker/parallel/open_blocks.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>

#include <utility>

#include "stoker/core/error.h"

namespace stoker::parallel {

namespace {

using torch::autograd::variable_list;

class EnterBackward : public torch::autograd::FunctionPreHook {
 public:
  EnterBackward(OpenBlocks& blocks, size_t block) : blocks_(blocks), block_(block) {}

  variable_list operator()(const variable_list& grads) override {
    blocks_.enter_backward(block_);
    return grads;
  }

 private:
  OpenBlocks& blocks_;
  size_t block_;
};

}  // namespace

OpenBlocks::OpenBlocks(std::vector<FlatUnit*> units, bool reshard)
    : units_(std::move(units)), reshard_(reshard) {
  for (size_t block = 0; block < units_.size(); ++block) {
    for (const FlatUnit::Member& member : units_[block]->members())
      block_of_.emplace(member.parameter.unsafeGetTensorImpl(), block);
  }
}

std::optional<size_t> OpenBlocks::block_of(const std::vector<at::Tensor>& parameters) const {
  for (const at::Tensor& parameter : parameters) {
    const auto found = block_of_.find(parameter.unsafeGetTensorImpl());
    if (found != block_of_.end()) return found->second;
  }
  return std::nullopt;
}

at::Tensor OpenBlocks::run(const Parameters& parameters, const Piece& piece, const at::Tensor& x) {
  const std::optional<size_t> block = block_of(parameters());
  if (!block) return piece(x);
  enter_forward(*block);
  const at::Tensor y = piece(x);
  const bool is_learning = c10::GradMode::is_enabled() && y.requires_grad();
  if (is_learning) y.grad_fn()->add_pre_hook(std::make_unique<EnterBackward>(*this, *block));
  const bool is_last = *block + 1 == units_.size();
  if (!is_learning || (reshard_ && !is_last)) units_[*block]->close();
  return y;
}

void OpenBlocks::enter_forward(size_t block) {
  STOKER_CHECK(block == next_, "block {} came in place of {}", block, next_);
  units_[block]->open();
  next_ = block + 1;
  if (next_ < units_.size()) {
    units_[next_]->begin_open();
    return;
  }
  next_ = 0;
  ++passes_;
}

// Blocks above are done: their output's gradient has come through all of them.
void OpenBlocks::enter_backward(size_t block) {
  for (size_t above = block + 1; above < units_.size(); ++above) units_[above]->close();
  units_[block]->open();
  if (block > 0) units_[block - 1]->begin_open();
}

void OpenBlocks::catch_up(int64_t passes) {
  if (units_.empty()) return;
  for (FlatUnit* unit : units_) {
    if (unit->is_open()) unit->close();  // of the block that an error ended
  }
  while (passes_ < passes) {
    const size_t block = next_;
    enter_forward(block);
    units_[block]->close();
  }
}

void OpenBlocks::close_all() {
  for (FlatUnit* unit : units_) unit->close();
}

}  // namespace stoker::parallel
