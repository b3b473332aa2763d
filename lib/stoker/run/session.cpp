#include "stoker/run/session.h"

#include <spdlog/spdlog.h>
#include "stoker/algorithms/table.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/data/relabelled.h"
#include "stoker/machine/device.h"
#include "stoker/train/autocast.h"

namespace stoker::run {

namespace {

// The validation set with the labels of the training set's classes.
void match_classes(Session& session) {
  const std::vector<std::string>& train = session.train.dataset->class_names();
  const std::vector<std::string> val = session.val.dataset->class_names();
  session.val.dataset = data::relabel(session.val.dataset, train);
  if (val.size() < train.size()) {
    log().warn("data.val has {} of the {} classes of data.train: nothing measures the others",
               val.size(), train.size());
  }
}

void check_sizes(const Session& session) {
  if (session.train.pipelines.phases().size() == 1 || session.model->takes_any_size()) return;
  throw ConfigError(fmt::format(
      "progressive_resizing: the model {} takes images of one size; choose a ResNet, or leave "
      "progressive_resizing.initial_scale at 1.",
      session.config.model.name()));
}

void say_what_is_off(const Session& session) {
  const RunConfig& config = session.config;
  if (config.device == "auto" && session.device.is_cpu()) {
    log().info("no CUDA device is visible: training on the CPU");
  }
  if (session.plan.batch_size < config.train.batch_size) {
    log().warn("train.batch_size is {}, more than the training set's {} images: it becomes {}",
               config.train.batch_size, session.plan.samples, session.plan.batch_size);
  }
  if (session.plan.grad_accumulation > 1) {
    log().info("{} micro-batches of {} make up each step; batch norm sees {} images at a time",
               session.plan.grad_accumulation, session.plan.microbatch, session.plan.microbatch);
  }
}

}  // namespace

Session build_session(RunConfig config) {
  Session session;
  session.config = std::move(config);
  session.device = machine::pick_device(session.config.device);
  machine::prepare_cpu(session.device);
  train::apply_precision(session.config.train.precision);
  session.train = open_source(session.config, data::Split::kTrain);
  session.val = open_source(session.config, data::Split::kVal);
  match_classes(session);
  session.context = model_context(session.train);
  session.model = build_model(session.config, session.context, session.device);
  check_sizes(session);
  session.frozen =
      models::freeze(*session.model, session.config.model.common<models::TransferOptions>().freeze);
  session.optimizer = build_optimizer(session.config, *session.model);
  if (session.config.train.precision == train::Precision::kFp16) {
    session.scaler =
        std::make_unique<optim::GradScaler>(session.config.grad_scaler, session.device);
  }
  session.plan = train::plan_steps(session.train.dataset->size(), session.config.train);
  say_what_is_off(session);
  return session;
}

void begin_with_weights(Session& session) {
  const auto& options = session.config.model.common<models::TransferOptions>();
  if (options.weights) {
    session.weights = load_initial_weights(*session.model, session.config);
  } else if (options.head == models::Head::kReset) {
    log().warn("model.head: reset does nothing without model.weights: all weights begin anew");
  }
}

train::State new_state(const Session& session) {
  return {.model = *session.model,
          .optimizer = *session.optimizer,
          .scaler = session.scaler.get(),
          .plan = session.plan,
          .seed = static_cast<uint64_t>(session.config.seed),
          .class_names = session.train.dataset->class_names(),
          .context = session.context,
          .device = session.device};
}

train::TrainerParts trainer_parts(const Session& session, train::State& state) {
  train::TrainerParts parts{.train = session.train,
                            .val = session.val,
                            .schedule = build_schedule(session.config, session.plan)};
  for (const config::Choice& choice : session.config.algorithms) {
    parts.algorithms.push_back(algorithms::algorithms().build(choice, state));
  }
  return parts;
}

train::TrainerOptions trainer_options(const RunConfig& config) {
  return {.train = config.train,
          .eval = config.eval,
          .checkpoint = config.checkpoint,
          .log_every_steps = config.log.every_steps};
}

}  // namespace stoker::run
