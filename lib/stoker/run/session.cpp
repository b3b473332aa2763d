#include "stoker/run/session.h"

#include <spdlog/spdlog.h>
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/data/balanced.h"
#include "stoker/data/check.h"
#include "stoker/data/relabelled.h"
#include "stoker/machine/device.h"
#include "stoker/nn/batch_norm.h"
#include "stoker/run/batch_rule.h"
#include "stoker/run/building.h"
#include "stoker/run/loss_weights.h"
#include "stoker/run/memory.h"
#include "stoker/run/option_check.h"
#include "stoker/run/precision.h"
#include "stoker/run/sharding.h"
#include "stoker/run/teacher.h"
#include "stoker/train/autocast.h"

namespace stoker::run {

namespace {

// The validation set with the labels of the training set's classes.
void match_classes(Session& session) {
  session.val.dataset = data::relabel(session.val.dataset, session.train.dataset->class_names());
  data::check_sets(*session.train.dataset, *session.val.dataset);
}

// "16 images", "64 images of all ranks"
std::string norm_text(const RunConfig& config, const train::StepPlan& plan) {
  using train::BatchNormMode;
  switch (config.train.batch_norm) {
    case BatchNormMode::kSync:
      return fmt::format("{} images of all ranks", plan.microbatch * plan.ranks);
    case BatchNormMode::kGhost:
      return fmt::format("{} images", std::min(plan.microbatch, config.train.ghost_batch_size));
    case BatchNormMode::kLocal:
      break;
  }
  return fmt::format("{} images", plan.microbatch);
}

void report_adjustments(const RunConfig& config, const Session& session) {
  const train::StepPlan& plan = session.plan();
  if (config.device == "auto" && session.device.is_cpu()) {
    log().info("no CUDA device is visible: training on the CPU");
  }
  if (session.precision_reason.empty()) {
    const std::string slow = slow_precision(config.train.precision, session.device);
    if (!slow.empty()) log().warn(slow);
  }
  const bool is_schedule_free = config.optimizer.name().starts_with("schedule_free");
  if (is_schedule_free && config.schedule.name() != "constant") {
    log().warn(
        "{} averages weights in place of a schedule, and schedule is {}: expected schedule: "
        "{{name: "
        "constant, warmup_epochs: …}}",
        config.optimizer.name(), config.schedule.name());
  }
  if (plan.batch_size < *config.train.batch_size) {
    log().warn("train.batch_size is {}, more than the training set's {} images: it becomes {}",
               *config.train.batch_size, plan.samples, plan.batch_size);
  }
  if (plan.grad_accumulation > 1) {
    log().info("{} micro-batches of {} make up each step{}; batch norm sees {} at a time",
               plan.grad_accumulation, plan.microbatch,
               plan.ranks > 1 ? fmt::format(", {} on each rank", plan.own_passes()) : "",
               norm_text(config, plan));
  }
}

void open_data(Session& session) {
  RunConfig config = session.config;
  config.data.is_shared_by_ranks = session.group->local_size() > 1;
  session.train = open_source(config, data::Split::kTrain);
  session.val = open_source(config, data::Split::kVal);
  match_classes(session);
  session.train.dataset =
      data::balanced(std::move(session.train.dataset), session.config.data.balance);
  session.context = model_context(session.train);
}

void begin_with_weights(Session& session, std::optional<OpenWeights> opened) {
  const auto& options = session.config.model.common<models::TransferOptions>();
  if (opened) {
    session.weights = load_initial_weights(*session.model, session.config, *std::move(opened));
    check_normalization(*session.weights, session.train.pipelines.normalization());
    return;
  }
  if (options.head == models::Head::kReset) {
    log().warn("model.head: reset does nothing without model.weights: all weights are new");
  }
  initialize_from_data(*session.model, session.train, session.val, session.device);
}

void build_network(Session& session, const train::CheckpointContent* checkpoint) {
  const auto& transfer = session.config.model.common<models::TransferOptions>();
  std::optional<OpenWeights> opened;
  if (checkpoint == nullptr && transfer.weights) opened = open_weights(*transfer.weights);
  if (checkpoint != nullptr) session.context.stem_kernel = stem_kernel(checkpoint->model);
  if (opened) session.context.stem_kernel = stem_kernel(opened->tensors);
  session.model = build_model(session.config, session.context, session.device);
  if (session.config.train.batch_norm == train::BatchNormMode::kGhost)
    nn::set_norm_span(*session.model, {.ghost_images = session.config.train.ghost_batch_size});
  check_sizes(session.config, session.train.pipelines, *session.model);
  session.frozen = models::freeze(*session.model, transfer.freeze);
  if (checkpoint == nullptr) begin_with_weights(session, std::move(opened));
}

// The steps, and what counts them.
void plan_training(Session& session) {
  const RunConfig& config = session.config;
  const dist::Group& replicas = session.mesh->replicas();
  const train::StepPlan plan = train::plan_steps(session.train.dataset->size(), config.train,
                                                 replicas.size(), replicas.rank());
  session.schedule = build_schedule(config, plan);
  const int64_t smallest =
      check_smallest_batch(session.train.pipelines, *session.model, session.context, plan);
  session.state = std::make_unique<train::State>(
      *session.model, *session.optimizer, session.scaler.get(),
      train::RunFacts{.plan = plan,
                      .seed = static_cast<uint64_t>(config.seed),
                      .class_names = session.train.dataset->class_names(),
                      .context = session.context,
                      .device = session.device,
                      .smallest_batch = smallest});
  session.algorithms = build_algorithms(config, {.state = *session.state,
                                                 .train = session.train,
                                                 .precision = config.train.precision,
                                                 .teacher = session.teacher});
}

void build_training(Session& session) {
  const RunConfig& config = session.config;
  dist::Group& dividing = session.mesh->dividing();
  session.pipeline = build_pipeline(config, *session.model, session.context, *session.mesh);
  session.shards = build_shards(config, *session.model, session.context, dividing);
  session.optimizer = build_optimizer(config, *session.model, dividing, session.shards,
                                      session.pipeline.stage.get());
  if (config.train.precision == train::Precision::kFp16) {
    session.scaler = std::make_unique<optim::GradScaler>(config.grad_scaler, session.device);
  }
  session.loss_weights = build_loss_weights(config.train, *session.train.dataset);
  plan_training(session);
}

class GroupPeers : public nn::NormPeers {
 public:
  explicit GroupPeers(dist::Group& group) : group_(group) {}
  void sum(const at::Tensor& values) override { group_.sum(values); }

 private:
  dist::Group& group_;
};

// A rank whose memory runs out, or that has no image to show, would leave the others waiting within
// their norms.
void check_shared_norms(RunConfig& config, const dist::Group& group) {
  if (config.train.batch_norm != train::BatchNormMode::kSync || group.is_alone()) return;
  if (config.data.on_error == data::OnError::kSkip) {
    throw ConfigError(
        "data.on_error: skip does not go with train.batch_norm: sync, whose norms wait for the "
        "images of all ranks: expected fail, or train.batch_norm: local");
  }
  if (config.memory.microbatch == train::MicrobatchMode::kFixed) return;
  log().info(
      "memory.microbatch is fixed: with train.batch_norm: sync a step that does not fit cannot be "
      "taken again");
  config.memory.microbatch = train::MicrobatchMode::kFixed;
}

}  // namespace

Session build_session(RunConfig config, const train::CheckpointContent* checkpoint,
                      dist::Group& group) {
  Session session;
  session.group = &group;
  session.config = std::move(config);
  check_options(session.config);
  session.mesh =
      std::make_unique<dist::Mesh>(group, dist::mesh_shape(session.config.dist, group.size()));
  if (!session.config.train.batch_size) {
    begin_at_base_batch(session.config);
    log().info("train.batch_size: auto is found when training starts; here it is {}, the recipe's",
               *session.config.train.batch_size);
  }
  for (const std::string& line : follow_batch(session.config)) log().info("{}", line);
  session.device = machine::pick_device(session.config.device, group.local_rank());
  apply_memory_options(session.config.memory, session.device);
  machine::prepare_cpu(session.device);
  check_shared_norms(session.config, group);
  fix_microbatch_of_shards(session.config, group);
  fix_microbatch_of_stages(session.config, *session.mesh);
  session.precision_reason = resolve_precision(session.config, session.device);
  train::apply_precision(session.config.train.precision);
  open_data(session);
  ops::on_device(building(session.config, session.device), [&] {
    build_network(session, checkpoint);
    session.teacher = open_teacher({.config = session.config,
                                    .context = session.context,
                                    .train = session.train,
                                    .device = session.device});
    build_training(session);
    session.memory = memory_parts(session);
  });
  report_adjustments(session.config, session);
  return session;
}

void use_microbatch(Session& session, int64_t microbatch) {
  session.config.train.microbatch = microbatch;
  session.algorithms.clear();  // they may refer to the state
  plan_training(session);
  report_adjustments(session.config, session);
}

void connect_ranks(Session& session) {
  if (session.shards) session.shards->begin();
  if (session.pipeline.stage) session.pipeline.stage->begin();
  if (session.config.train.batch_norm != train::BatchNormMode::kSync) return;
  if (session.group->is_alone()) return;
  session.norm_peers = std::make_shared<GroupPeers>(*session.group);
  nn::set_norm_span(*session.model, {.peers = session.norm_peers.get()});
}

train::TrainerParts trainer_parts(Session& session) {
  return {.state = *session.state,
          .algorithms = session.algorithms,
          .train = session.train,
          .val = session.val,
          .loss_weights = session.loss_weights,
          .group = session.group,
          .stage = session.pipeline.stage.get()};
}

train::TrainerOptions trainer_options(const RunConfig& config) {
  return {.train = config.train,
          .memory = config.memory,
          .eval = config.eval,
          .checkpoint = config.checkpoint,
          .log_every_steps = config.log.every_steps,
          .has_parts = config.dist.shard != dist::Shard::kNone || config.dist.mesh.pipeline > 1,
          .local = {.steps = config.dist.local_steps, .after = config.dist.local_after},
          .keeps_guesses = config.log.evaluation};
}

}  // namespace stoker::run
