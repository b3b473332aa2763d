#include "stoker/run/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "stoker/core/text.h"
#include "stoker/models/activations.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/weights/state_dict.h"

namespace stoker::run {

namespace {

int64_t bytes_of(const weights::NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

std::string text_of(int64_t bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

// What a pass keeps for the backward pass, by the model's rung and by the last one, as shares of
// what it would keep without recomputation.
struct KeptShares {
  double now = 1, least = 1;
};

KeptShares kept_shares(const Session& session) {
  models::Model& model = *session.model;
  const models::Recompute now = model.recompute(), last = model.recompute_rungs().back();
  if (last == models::Recompute::kNone) return {};
  const auto kept = [&](models::Recompute rung) {
    model.set_recompute(rung);
    return static_cast<double>(models::kept_bytes(model, session.context));
  };
  const double all = kept(models::Recompute::kNone);
  KeptShares shares{.least = kept(last) / all};
  if (now == last)
    shares.now = shares.least;
  else if (now != models::Recompute::kNone)
    shares.now = kept(now) / all;
  model.set_recompute(now);
  return shares;
}

struct Saving {
  std::string change;
  int64_t bytes = 0;
};

// Of a step with micro-batches of `images`.
std::vector<Saving> savings(const Session& session, const MemoryParts& parts, int64_t images) {
  const int64_t activations = images * parts.activations_per_image;
  std::vector<Saving> all{
      {"images of half the width and height under augment", activations * 3 / 4},
      {"an optimizer without state (optimizer={name: sgd, momentum: 0})", parts.optimizer_state},
      {"training the classifier alone (model.freeze)",
       parts.gradients + parts.optimizer_state + activations / 2},
      {"memory.checkpoint=blocks", images * parts.recomputable_per_image},
      {"no averages of weights (algorithms without ema)", 2 * parts.averages}};
  if (train::bytes_per_value(session.config.train.precision) > 2) {
    all.push_back({"train.precision=bf16", activations / 2});
  }
  std::erase_if(all, [](const Saving& saving) { return saving.bytes <= 0; });
  std::ranges::sort(all, std::greater(), &Saving::bytes);
  if (all.size() > 3) all.resize(3);
  return all;
}

}  // namespace

void apply_memory_options(const train::MemoryOptions& options, c10::Device device) {
  if (options.expandable_segments) ops::use_expandable_segments(device);
  ops::set_memory_limit(device, options.limit_bytes());
}

MemoryParts memory_parts(const Session& session) {
  const ops::PassCpuLimit counting;  // a pass of two images, of a run that may still fit
  const int64_t values = models::activation_values(*session.model, session.context);
  const KeptShares kept = kept_shares(session);
  const auto activations =
      static_cast<double>(values * train::bytes_per_value(session.config.train.precision));
  MemoryParts parts{
      .optimizer_state = bytes_of(session.optimizer->state()),
      .activations_per_image = static_cast<int64_t>(kept.now * activations),
      .recomputable_per_image = static_cast<int64_t>((kept.now - kept.least) * activations),
      .kept_share = kept.now};
  for (const at::Tensor& parameter : session.model->parameters()) {
    const auto bytes = static_cast<int64_t>(parameter.nbytes());
    parts.parameters += bytes;
    if (parameter.requires_grad()) parts.gradients += bytes;
  }
  for (const at::Tensor& buffer : session.model->buffers()) {
    parts.parameters += static_cast<int64_t>(buffer.nbytes());
  }
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
  if (parts.averages > 0) text += fmt::format(", {} of averages", text_of(parts.averages));
  text += fmt::format(", {} of activations for a micro-batch of {}",
                      text_of(images * parts.activations_per_image), images);
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
