#include "stoker/train/loss_reader.h"

#include <ATen/ops/stack.h>

#include <cmath>
#include <string>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/ops/cpu_memory.h"

namespace stoker::train {

namespace {

constexpr size_t kRecent = 5;

std::string to_text(const std::deque<double>& losses) {
  std::string text;
  for (const double loss : losses) text += fmt::format("{}{:.4g}", text.empty() ? "" : ", ", loss);
  return text;
}

}  // namespace

void LossReader::add(const StepRecord& record, const at::Tensor& loss_mean,
                     const at::Tensor& by_rank) {
  pending_.push_back({record, loss_mean.detach(), by_rank});
}

std::vector<StepRecord> LossReader::read(Position& position) {
  if (pending_.empty()) return {};
  const ops::PassCpuLimit pass_limit;  // for a few scalars of steps that have been taken
  std::vector<at::Tensor> losses;
  for (const Pending& pending : pending_) losses.push_back(pending.loss);
  const at::Tensor values = at::stack(losses).to(at::kCPU, at::kDouble);
  const std::vector<Pending> read = std::exchange(pending_, {});
  std::vector<StepRecord> records;
  for (size_t i = 0; i < losses.size(); ++i) {
    records.push_back(read[i].record);
    records.back().loss = values.const_data_ptr<double>()[i];
  }
  for (size_t i = 0; i < records.size(); ++i) count(records[i], read[i].by_rank, position);
  return records;
}

// Where the others' losses are finite, that rank's device or memory is to be suspected.
std::string LossReader::ranks_text(const at::Tensor& by_rank) const {
  if (!by_rank.defined()) return "";
  const at::Tensor losses = by_rank.to(at::kCPU, at::kDouble).contiguous();
  std::string names;
  int64_t count = 0;
  for (int64_t rank = 0; rank < losses.numel(); ++rank) {
    if (std::isfinite(losses.const_data_ptr<double>()[rank])) continue;
    ++count;
    names += (names.empty() ? "" : ", ") + group_.name(rank);
  }
  if (count == 0 || count == losses.numel()) return "";
  return fmt::format(" It is so on {}, and not on the others: look for a fault there.", names);
}

void LossReader::count(StepRecord& record, const at::Tensor& by_rank, Position& position) {
  const bool is_finite = std::isfinite(record.loss);
  record.skipped = record.skipped || !is_finite;
  position.window.add(record);
  if (record.images == 0) return;
  if (is_finite) {
    position.nonfinite_in_a_row = 0;
    recent_.push_back(record.loss);
    if (recent_.size() > kRecent) recent_.pop_front();
    return;
  }
  if (++position.nonfinite_in_a_row < max_nonfinite_steps_) return;
  throw Diverged(fmt::format(
      "the loss is {} at step {}, for {} steps in a row (train.max_nonfinite_steps); the learning "
      "rate is {:.4g}, {}. Lower optimizer.lr, lengthen "
      "schedule.warmup_epochs, set train.clip_grad_norm, or use train.precision=bf16 or fp32.{}",
      record.loss, record.step, position.nonfinite_in_a_row, record.lr,
      recent_.empty() ? "no loss was finite"
                      : fmt::format("the last finite losses were [{}]", to_text(recent_)),
      ranks_text(by_rank)));
}

}  // namespace stoker::train
