#include "stoker/train/renew_norms.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stoker/models/eval_mode.h"
#include "stoker/nn/batch_norm.h"
#include "stoker/train/autocast.h"

namespace stoker::train {

namespace {

// The norms of a model that learn, in training mode and on their own, for the lifetime of this.
class OwnNorms {
 public:
  explicit OwnNorms(models::Model& model) {
    for (const auto& module : model.modules(/*include_self=*/false)) {
      auto* norm = dynamic_cast<nn::BatchNorm*>(module.get());
      if (norm == nullptr || !norm->learns()) continue;
      norms_.push_back({norm, norm->momentum(), norm->span(), norm->num_batches_tracked.clone()});
      norm->set_span({});
      norm->train();
    }
  }
  ~OwnNorms() {
    for (const Former& former : norms_) {
      former.norm->set_momentum(former.momentum);
      former.norm->set_span(former.span);
      former.norm->eval();
      former.norm->num_batches_tracked.copy_(former.batches);
    }
  }
  OwnNorms(const OwnNorms&) = delete;
  OwnNorms& operator=(const OwnNorms&) = delete;

  bool empty() const { return norms_.empty(); }
  // So that running statistics become the mean of those of batches 1, 2, …, `batch`.
  void begin_batch(int64_t batch) {
    for (const Former& former : norms_) former.norm->set_momentum(1.0 / static_cast<double>(batch));
  }

 private:
  struct Former {
    nn::BatchNorm* norm;
    double momentum;
    nn::NormSpan span;
    at::Tensor batches;
  };
  std::vector<Former> norms_;
};

}  // namespace

void renew_norm_statistics(models::Model& model, BatchSource& images, const NormRenewal& renewal) {
  const at::NoGradGuard no_grad;
  const models::EvalMode eval_mode(model);
  OwnNorms norms(model);
  if (norms.empty()) return;
  int64_t seen = 0;
  while (const auto batch = images.next()) {
    const int64_t count = batch->labels.size(0);
    if (count == 0 || count < renewal.smallest_batch) continue;
    norms.begin_batch(++seen);
    const Autocast autocast(renewal.device.type(), renewal.precision);
    model.forward(batch->images);
  }
}

void renew_norm_statistics(State& state, const Source& source, Precision precision,
                           const NormImages& images) {
  const StepPlan plan = state.plan();
  const int64_t count = std::min(images.count, plan.samples);
  const int64_t size = std::min(plan.microbatch, count);
  const auto epoch = static_cast<uint32_t>(images.epoch);
  const loader::ChunkSource chunks =
      [epoch, size, count, first = int64_t{0}]() mutable -> std::optional<loader::Chunk> {
    if (first + size > count) return std::nullopt;
    return loader::Chunk{
        .epoch = epoch, .first = std::exchange(first, first + size), .count = size};
  };
  const RunFacts& facts = state.facts;
  Feed feed(source, facts.device, precision, chunks);
  renew_norm_statistics(
      state.model(), feed,
      {.device = facts.device, .precision = precision, .smallest_batch = facts.smallest_batch});
}

bool has_foreign_norms(const models::Model& model) {
  size_t known = 0, all = 0;
  for (const auto& module : model.modules(/*include_self=*/false))
    known += dynamic_cast<const nn::BatchNorm*>(module.get()) != nullptr ? 1 : 0;
  for (const auto& buffer : model.named_buffers())
    all += buffer.key().ends_with("running_mean") ? 1 : 0;
  return all > known;
}

}  // namespace stoker::train
