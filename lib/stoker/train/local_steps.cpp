#include "stoker/train/local_steps.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <c10/core/ScalarType.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stoker/core/units.h"
#include "stoker/ops/cpu_memory.h"

namespace stoker::train {

namespace {

constexpr int64_t kPieceBytes = 25 * static_cast<int64_t>(kMib);

// By device and type, in an order that is the same on all ranks; what several look at, once.
class Gathered {
 public:
  void add(const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.is_floating_point() || tensor.numel() == 0) return;
    if (!seen_.insert(tensor.const_data_ptr()).second) return;
    lists_[tensor.device().str() + toString(tensor.scalar_type())].push_back(tensor);
  }
  void add(const optim::NamedTensors& named) {
    for (const auto& [name, tensor] : named) add(tensor);
  }
  const std::map<std::string, std::vector<at::Tensor>>& lists() const { return lists_; }

 private:
  std::set<const void*> seen_;
  std::map<std::string, std::vector<at::Tensor>> lists_;
};

void average_piece(const std::vector<at::Tensor>& piece, dist::Group& group) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& tensor : piece) flat.push_back(tensor.detach().reshape({-1}));
  at::Tensor values = at::cat(flat);
  group.sum(values);
  values.div_(static_cast<double>(group.size()));
  int64_t offset = 0;
  for (const at::Tensor& tensor : piece) {
    tensor.copy_(values.narrow(0, offset, tensor.numel()).view(tensor.sizes()));
    offset += tensor.numel();
  }
}

}  // namespace

LocalRule::LocalRule(const LocalOptions& local, const StepPlan& plan, const TrainOptions& train,
                     const EvalOptions& eval, const CheckpointOptions& checkpoint)
    : every_(local.steps),
      first_(local.after > 0 ? plan.step_of_epoch(local.after) : 0),
      plan_(plan),
      eval_epochs_(eval.every_epochs),
      save_epochs_(checkpoint.every_epochs),
      save_steps_(checkpoint.every_steps),
      last_step_(train.max_steps) {
  if (train.stop_after_epochs) last_of_epochs_ = plan.step_of_epoch(*train.stop_after_epochs);
}

bool LocalRule::is_looked_at(int64_t step) const {
  return step == plan_.total_steps || step == last_step_ || step == last_of_epochs_ ||
         plan_.is_due(eval_epochs_, step) || plan_.is_due(save_epochs_, step) ||
         (save_steps_ && step % *save_steps_ == 0);
}

bool LocalRule::averages_at(int64_t step) const {
  if (every_ == 0 || step <= first_) return false;
  return (step - first_) % every_ == 0 || is_looked_at(step);
}

void average_over_ranks(State& state, Algorithms& algorithms, dist::Group& group) {
  const at::NoGradGuard no_grad;
  const ops::PassCpuLimit pass_limit;  // others wait
  Gathered all;
  for (const at::Tensor& parameter : state.model().parameters()) all.add(parameter);
  for (const at::Tensor& buffer : state.model().buffers()) all.add(buffer);
  all.add(state.optimizer().state());
  for (const auto& algorithm : algorithms) {
    all.add(algorithm->state_tensors());
    all.add(algorithm->evaluation_weights());
  }
  for (const auto& [kind, tensors] : all.lists()) {
    std::vector<at::Tensor> piece;
    int64_t bytes = 0;
    for (const at::Tensor& tensor : tensors) {
      const auto size = static_cast<int64_t>(tensor.nbytes());
      if (!piece.empty() && bytes + size > kPieceBytes) {
        average_piece(std::exchange(piece, {}), group);
        bytes = 0;
      }
      piece.push_back(tensor);
      bytes += size;
    }
    if (!piece.empty()) average_piece(piece, group);
  }
}

}  // namespace stoker::train
