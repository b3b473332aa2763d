#include "stoker/run/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "stoker/core/text.h"
#include "stoker/models/activations.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/parallel/one_f_one_b.h"
#include "stoker/weights/state_dict.h"
#include "stoker/weights/tensor_bytes.h"

namespace stoker::run {

namespace {

using weights::bytes_of;

std::string text_of(int64_t bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

// What a pass of two images keeps for the backward pass, in bytes of fp32: without recomputation,
// by the model's rung, and by the last one.
struct Kept {
  int64_t all = 0, now = 0, least = 0;
};

Kept measure_kept(const Session& session) {
  models::Model& model = *session.model;
  const models::Recompute now = model.recompute(), last = model.recompute_rungs().back();
  const parallel::Stage* stage = session.pipeline.stage.get();
  const auto kept = [&](models::Recompute rung) {
    model.set_recompute(rung);
    if (stage == nullptr) return models::kept_bytes(model, session.context);
    return models::kept_bytes(model, session.context, stage->first_segment(), stage->segments());
  };
  Kept found{.all = kept(models::Recompute::kNone)};
  found.least = last == models::Recompute::kNone ? found.all : kept(last);
  found.now = now == models::Recompute::kNone ? found.all : now == last ? found.least : kept(now);
  model.set_recompute(now);
  return found;
}

struct Saving {
  std::string change;
  int64_t bytes = 0;
};

// Of a step with micro-batches of `images`.
std::vector<Saving> savings(const Session& session, const MemoryParts& parts, int64_t images) {
  const int64_t activations = parts.in_flight * images * parts.activations_per_image;
  std::vector<Saving> all{
      {"images of half the width and height under augment", activations * 3 / 4},
      {"an optimizer without state (optimizer={name: sgd, momentum: 0})", parts.optimizer_state},
      {"training the classifier alone (model.freeze)",
       parts.gradients + parts.optimizer_state + activations / 2},
      {"memory.checkpoint=blocks", parts.in_flight * images * parts.recomputable_per_image},
      {"no averages of weights (algorithms without ema)", 2 * parts.averages}};
  if (train::bytes_per_value(session.config.train.precision) > 2) {
    all.push_back({"train.precision=bf16", activations / 2});
  }
  std::erase_if(all, [](const Saving& saving) { return saving.bytes <= 0; });
  std::ranges::sort(all, std::greater(), &Saving::bytes);
  if (all.size() > 3) all.resize(3);
  return all;
}

// And what of the parameters and gradients this rank has.
void count_exchange(const Session& session, MemoryParts& parts) {
  if (session.shards) {
    const parallel::ShardBytes bytes = session.shards->bytes();
    parts.parameters += bytes.parameters - parts.gradients;  // those that learn, as a whole
    parts.gradients = bytes.gradients;
    parts.exchange = bytes.transient;
    return;
  }
  // The Reducer's buckets, which the gradients become views of while a fresh one is made; and all
  // parameters once more where ranks move a part of them each.
  if (!session.mesh->replicas().is_alone()) parts.exchange = parts.gradients;
  if (session.config.dist.shard != dist::Shard::kNone) parts.exchange *= 2;
}

}  // namespace

void apply_memory_options(const train::MemoryOptions& options, c10::Device device) {
  if (options.expandable_segments) ops::use_expandable_segments(device);
  ops::set_memory_limit(device, options.limit_bytes());
}

MemoryParts memory_parts(const Session& session) {
  const ops::PassCpuLimit counting;  // a pass of two images, of a run that may still fit
  const Kept kept = measure_kept(session);
  const int64_t bytes_per_value = train::bytes_per_value(session.config.train.precision);
  const auto per_image = [&](int64_t of_two) { return of_two * bytes_per_value / (2 * 4); };
  MemoryParts parts{
      .optimizer_state = bytes_of(session.optimizer->own_state()),
      .activations_per_image = per_image(kept.now),
      .recomputable_per_image = per_image(kept.now - kept.least),
      .kept_share =
          kept.all > 0 ? static_cast<double>(kept.now) / static_cast<double>(kept.all) : 1};
  const parallel::Stage* stage = session.pipeline.stage.get();
  if (stage != nullptr)
    parts.in_flight =
        parallel::most_in_flight(stage->index(), stage->count(), session.plan().own_passes());
  for (const auto& item : session.model->named_parameters()) {
    if (stage != nullptr && !stage->has(item.key())) continue;
    const auto bytes = static_cast<int64_t>(item.value().nbytes());
    parts.parameters += bytes;
    if (item.value().requires_grad()) parts.gradients += bytes;
  }
  count_exchange(session, parts);
  for (const auto& item : session.model->named_buffers()) {
    if (stage != nullptr && !stage->has(item.key())) continue;
    parts.parameters += static_cast<int64_t>(item.value().nbytes());
  }
  if (session.teacher) parts.teacher = bytes_of(weights::state_dict(*session.teacher->model));
  for (const auto& algorithm : session.algorithms) {
    parts.averages += bytes_of(algorithm->evaluation_weights());
    parts.averages += bytes_of(algorithm->state_tensors());
  }
  return parts;
}

std::string memory_text(const Session& session) {
  const MemoryParts& parts = session.memory;
  const int64_t images = session.plan().microbatch;
  std::string text =
      fmt::format("about {}: {} of parameters, {} of gradients, {} of optimizer state",
                  text_of(parts.with_microbatch(images)), text_of(parts.parameters),
                  text_of(parts.gradients), text_of(parts.optimizer_state));
  if (parts.exchange > 0)
    text +=
        fmt::format(", {} of buffers for the exchange with other ranks", text_of(parts.exchange));
  if (parts.teacher > 0) text += fmt::format(", {} of the teacher", text_of(parts.teacher));
  if (parts.averages > 0) text += fmt::format(", {} of averages", text_of(parts.averages));
  const std::string keeper =
      parts.in_flight == 1 ? fmt::format("a micro-batch of {} keeps", images)
                           : fmt::format("{} micro-batches of {} keep", parts.in_flight, images);
  text += fmt::format(", {} of activations that {}",
                      text_of(parts.in_flight * images * parts.activations_per_image), keeper);
  if (const auto limit = session.config.memory.limit_bytes()) {
    text += fmt::format("; the limit is {} (memory.limit_gib)", text_of(*limit));
  }
  return text;
}

std::string memory_advice(const Session& session) {
  const MemoryParts& parts = session.memory;
  const int64_t images = session.state->facts.smallest_batch;
  std::string text = fmt::format(
      "Not even a micro-batch of {} fits beside {} of parameters, {} of gradients, {} of optimizer "
      "state and {} of averages. What would save most:",
      images, text_of(parts.parameters), text_of(parts.gradients), text_of(parts.optimizer_state),
      text_of(parts.averages));
  for (const Saving& saving : savings(session, parts, images)) {
    text += fmt::format("\n  {}: about {}", saving.change, text_of(saving.bytes));
  }
  return text;
}

}  // namespace stoker::run
