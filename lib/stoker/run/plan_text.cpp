#include <fmt/format.h>

#include "stoker/core/text.h"
#include "stoker/models/flops.h"
#include "stoker/run/local_steps.h"
#include "stoker/run/memory.h"
#include "stoker/run/session.h"

namespace stoker::run {

namespace {

std::string epochs_text(const train::StepPlan& plan) {
  return fmt::format("{:g}", plan.epoch(plan.total_steps));
}

// "32", "32 or 33"
std::string share_text(const train::StepPlan& plan) {
  const int64_t least = plan.batch_size / plan.ranks;
  return plan.batch_size % plan.ranks == 0 ? fmt::to_string(least)
                                           : fmt::format("{} or {}", least, least + 1);
}

std::string parameters_text(const Session& session) {
  const int64_t learned = models::parameter_count(*session.model);
  int64_t all = 0;
  for (const at::Tensor& parameter : session.model->parameters()) all += parameter.numel();
  if (learned == all) return fmt::format("{} parameters", human_count(all));
  return fmt::format("{} parameters, {} of them trainable", human_count(all), human_count(learned));
}

// "conv1.weight … layer3.1.bn2.bias"
std::string frozen_text(const models::FrozenParameters& frozen) {
  return fmt::format("{} parameters in {} tensors, {}{}{} (model.freeze)",
                     human_count(frozen.values), frozen.names.size(), frozen.names.front(),
                     frozen.names.size() > 1 ? " … " : "",
                     frozen.names.size() > 1 ? frozen.names.back() : "");
}

// "blocks (memory.checkpoint): 37 % of the activations are kept, for 29 % more computation"
std::string recompute_text(const Session& session) {
  models::Model& model = *session.model;
  const models::Recompute rung = model.recompute();
  const models::TrainingFlops flops = models::training_flops(model, session.context);
  const auto again = static_cast<double>(flops.recomputed);
  const auto step = 3.0 * static_cast<double>(flops.forward);
  return fmt::format(
      "{} (memory.checkpoint{}): {:.0f} % of the activations are kept, for {:.0f} % more "
      "computation",
      enum_names(rung)[static_cast<size_t>(rung)],
      rung == recompute_rung(session.config.memory.checkpoint) ? "" : "; this model has no more",
      100 * session.memory.kept_share, 100 * again / step);
}

// "112x112, from epoch 9 on 132x132, from epoch 13 on 224x224"
std::string sizes_text(const augment::PipelineSchedule& pipelines) {
  std::string text;
  for (const auto& [first_epoch, pipeline] : pipelines.phases()) {
    if (!text.empty()) text += fmt::format(", from epoch {} on ", first_epoch + 1);
    const auto size = pipeline->fixed_size();
    text += size ? fmt::format("{}x{}", size->width, size->height) : "of no fixed size";
  }
  return text;
}

// "each rank has its part of the gradients and the optimizer state, and of 5,339,136 of 5,524,416
// parameters, in 12 blocks"
std::string shards_text(const parallel::Shards& shards, const models::Model& model) {
  const std::string_view always = "each rank has its part of the gradients and optimizer state";
  if (shards.blocks() == 0) return std::string(always);
  int64_t all = 0;
  for (const at::Tensor& parameter : model.parameters()) all += parameter.numel();
  return fmt::format("{}, and of {} of the {} parameters, in {} blocks", always,
                     human_count(shards.values_in_blocks()), human_count(all), shards.blocks());
}

// "2 copies of what 4 ranks divide among themselves, in each of 2 stages"
std::string mesh_text(const dist::MeshShape& shape) {
  return fmt::format(
      "{} copies of what {} ranks divide among themselves{}", shape.data, shape.shard,
      shape.pipeline > 1 ? fmt::format(", in each of {} stages", shape.pipeline) : "");
}

}  // namespace

std::string plan_text(const Session& session) {
  const train::StepPlan& plan = session.plan();
  const models::ModelContext& context = session.context;
  std::string text;
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{}{:<10} {}", text.empty() ? "" : "\n", name, value);
  };
  row("data", fmt::format("{} training and {} validation images of {} classes",
                          human_count(session.train.dataset->size()),
                          human_count(session.val.dataset->size()), context.classes));
  const int64_t kept =
      session.train.dataset->kept_bytes_estimate() + session.val.dataset->kept_bytes_estimate();
  row("cache", kept > 0 ? fmt::format("about {} of decoded images stay in memory (data.cache)",
                                      human_bytes(static_cast<uint64_t>(kept)))
                        : std::string("none"));
  row("model",
      fmt::format("{}  {}  {:.3g} GFLOPs an image of {}x{}x{}", session.config.model.name(),
                  parameters_text(session),
                  static_cast<double>(models::forward_flops(*session.model, context)) * 1e-9,
                  context.channels, context.height, context.width));
  if (const std::string notes = session.model->notes(); !notes.empty()) row("", notes);
  if (session.train.pipelines.phases().size() > 1) {
    row("sizes", sizes_text(session.train.pipelines) + " (progressive_resizing)");
  }
  if (session.weights) row("weights", to_text(*session.weights));
  if (!session.frozen.names.empty()) row("frozen", frozen_text(session.frozen));
  if (session.teacher) row("teacher", session.teacher->text);
  row("steps", fmt::format("{} of {} images: {} a pass over the data, {} epochs",
                           human_count(plan.total_steps), human_count(plan.batch_size),
                           human_count(plan.steps_per_epoch), epochs_text(plan)));
  if (const std::string ranks = session.group->text(); !ranks.empty())
    row("ranks", fmt::format("{}; {} images a step each", ranks, share_text(plan)));
  if (const std::string local = local_steps_text(session); !local.empty()) row("local", local);
  if (session.mesh->shape().shard > 1 && session.mesh->shape().data > 1)
    row("mesh", mesh_text(session.mesh->shape()));
  if (session.pipeline.stage) row("stages", stages_text(session.pipeline, plan));
  if (session.shards) row("shards", shards_text(*session.shards, *session.model));
  row("precision", train::to_string(session.config.train.precision) +
                       (session.precision_reason.empty()
                            ? ""
                            : fmt::format(" (auto: {})", session.precision_reason)));
  row("device", session.device.str());
  row("memory", memory_text(session));
  if (session.model->recompute() != models::Recompute::kNone)
    row("recompute", recompute_text(session));
  return text;
}

}  // namespace stoker::run
