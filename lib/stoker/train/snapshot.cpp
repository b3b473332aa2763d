#include "stoker/train/snapshot.h"

#include <ATen/core/grad_mode.h>

#include <fmt/ranges.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/train/metric_names.h"
#include "stoker/weights/state_dict.h"

namespace stoker::train {

using nlohmann::json;

namespace {

std::string algorithm_prefix(const Algorithm& algorithm) {
  return "algorithm/" + algorithm.name() + "/";
}

json window_json(const LogWindow& w) {
  return {{"steps", w.steps},
          {"skipped_steps", w.skipped_steps},
          {"images", w.images},
          {"loss_sum", w.loss_sum},
          {"loss_images", w.loss_images},
          {"time_s", w.time_s},
          {"data_wait_s", w.data_wait_s},
          {"lr", w.lr}};
}

LogWindow window_from(const json& w) {
  return {.steps = w.at("steps"),
          .skipped_steps = w.at("skipped_steps"),
          .images = w.at("images"),
          .loss_sum = w.at("loss_sum"),
          .loss_images = w.at("loss_images"),
          .time_s = w.at("time_s"),
          .data_wait_s = w.at("data_wait_s"),
          .lr = w.at("lr"),
          .stages = {}};
}

// Puts the weights that evaluation used into `model`, and the model's own aside.
void lend_evaluation_weights(Algorithm& algorithm, CheckpointContent& content) {
  std::map<std::string, at::Tensor> lent;
  for (auto& [name, tensor] : algorithm.evaluation_weights()) lent.emplace(name, tensor);
  for (auto& [name, tensor] : content.model) {
    const auto found = lent.find(name);
    if (found == lent.end()) continue;
    content.optimizer.emplace_back("training/" + name, tensor);
    tensor = found->second;
  }
}

DataError damaged(const json::exception& error) {
  return DataError(fmt::format("the checkpoint's state.json is damaged: {}", error.what()));
}

json metrics_json(const State& state) {
  json metrics = json::object();
  if (state.train_loss) metrics[std::string(kTrainLoss)] = *state.train_loss;
  if (!state.eval) return metrics;
  for (const EvalMetric& metric : eval_metrics()) {
    metrics[std::string(metric.name)] = state.eval->result.*metric.value;
  }
  return metrics;
}

// JSON has no word for what is no number; it stands as null.
double number(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

void restore_metrics(const json& saved, State& state) {
  const json& metrics = saved.at("metrics");
  if (metrics.contains(std::string(kTrainLoss)))
    state.train_loss = number(metrics[std::string(kTrainLoss)]);
  if (!saved.contains("metrics_step")) return;
  state.eval = EvalRecord{.step = saved["metrics_step"]};
  state.eval->epoch = state.plan.epoch(state.eval->step);
  for (const EvalMetric& metric : eval_metrics()) {
    state.eval->result.*metric.value = number(metrics.at(std::string(metric.name)));
  }
}

// The order of samples depends on their number, what a label means on the classes.
void check_training_set(const json& saved, const State& state) {
  const int64_t samples = saved.at("samples");
  if (samples != state.plan.samples) {
    throw ConfigError(fmt::format(
        "the training set has {} images, and had {} when the checkpoint was written: the order of "
        "the steps to come depends on it. Give back the data of that time, or start a new run "
        "without --resume.",
        state.plan.samples, samples));
  }
  const auto classes = saved.at("classes").get<std::vector<std::string>>();
  if (classes == state.class_names) return;
  throw ConfigError(fmt::format(
      "the training set's classes are [{}], and were [{}] when the checkpoint was written. Give "
      "back the data of that time, or start a new run without --resume.",
      fmt::join(state.class_names, ", "), fmt::join(classes, ", ")));
}

void restore_scaler(const json& state, optim::GradScaler* scaler) {
  if (scaler == nullptr || !state.contains("scaler")) return;
  scaler->load_state({.scale = state["scaler"]["scale"],
                      .growth_tracker = state["scaler"]["growth_tracker"],
                      .skipped_steps = state["scaler"]["skipped_steps"]});
}

// Splits the tensors of algorithms off and copies each into its algorithm.
void restore_algorithms(std::map<std::string, at::Tensor>& tensors, Algorithms& algorithms) {
  const at::NoGradGuard no_grad;
  for (auto& algorithm : algorithms) {
    for (auto& [name, live] : algorithm->state_tensors()) {
      const auto saved = tensors.extract(algorithm_prefix(*algorithm) + name);
      if (saved.empty() || saved.mapped().sizes() != live.sizes()) {
        throw DataError(fmt::format("the checkpoint lacks {}{} of shape {}",
                                    algorithm_prefix(*algorithm), name,
                                    fmt::join(live.sizes(), "x")));
      }
      live.copy_(saved.mapped());
    }
  }
  // Of an algorithm that the configuration has no more; the change of the key has been told.
  std::erase_if(tensors, [](const auto& item) { return item.first.starts_with("algorithm/"); });
}

// Model and evaluation weights from what lend_evaluation_weights() stored.
void restore_lent_weights(const CheckpointContent& content,
                          std::map<std::string, at::Tensor>& tensors, State& state,
                          Algorithms& algorithms) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> stored(content.model.begin(), content.model.end());
  for (auto& algorithm : algorithms) {
    for (auto& [name, live] : algorithm->evaluation_weights()) live.copy_(stored.at(name));
  }
  for (auto& [name, live] : weights::state_dict(state.model)) {
    if (auto own = tensors.extract("training/" + name); !own.empty()) live.copy_(own.mapped());
  }
}

}  // namespace

CheckpointContent capture(State& state, Algorithms& algorithms) {
  CheckpointContent content;
  content.model = weights::state_dict(state.model);
  content.optimizer = state.optimizer.state();
  for (auto& algorithm : algorithms) {
    for (auto& [name, tensor] : algorithm->state_tensors()) {
      content.optimizer.emplace_back(algorithm_prefix(*algorithm) + name, tensor);
    }
    lend_evaluation_weights(*algorithm, content);
  }
  json saved{{"step", state.step},
             {"schedule_step", state.schedule_step},
             {"epoch", state.plan.epoch(state.step)},
             {"train_time_s", state.train_time_s},
             {"images_seen", state.images_seen},
             {"samples", state.plan.samples},
             {"batch_size", state.plan.batch_size},
             {"steps_per_epoch", state.plan.steps_per_epoch},
             {"seed", state.seed},
             {"classes", state.class_names},
             {"input",
              {{"channels", state.context.channels},
               {"height", state.context.height},
               {"width", state.context.width}}},
             {"nonfinite_in_a_row", state.nonfinite_in_a_row},
             {"unreadable_steps_in_a_row", state.unreadable_steps_in_a_row},
             {"window", window_json(state.window)},
             {"metrics", metrics_json(state)}};
  if (state.eval) saved["metrics_step"] = state.eval->step;
  if (state.scaler != nullptr) {
    const optim::GradScaler::State scaler = state.scaler->state();
    saved["scaler"] = {{"scale", scaler.scale},
                       {"growth_tracker", scaler.growth_tracker},
                       {"skipped_steps", scaler.skipped_steps}};
  }
  content.state_json = saved.dump(2) + "\n";
  return content;
}

ModelFacts model_facts(const CheckpointContent& content) {
  try {
    const json saved = json::parse(content.state_json);
    ModelFacts facts{.step = saved.at("step"), .class_names = saved.at("classes")};
    const json& input = saved.at("input");
    facts.context = {.classes = std::ssize(facts.class_names),
                     .channels = input.at("channels"),
                     .height = input.at("height"),
                     .width = input.at("width")};
    return facts;
  } catch (const json::exception& error) {
    throw damaged(error);
  }
}

void restore(const CheckpointContent& content, State& state, Algorithms& algorithms) {
  json saved;
  try {
    saved = json::parse(content.state_json);
    check_training_set(saved, state);
  } catch (const json::exception& error) {
    throw damaged(error);
  }
  const weights::LoadReport report = weights::load_state_dict(state.model, content.model);
  if (!report.ok()) {
    throw DataError("the checkpoint's weights do not fit the model:\n" + report.message());
  }
  std::map<std::string, at::Tensor> rest(content.optimizer.begin(), content.optimizer.end());
  restore_lent_weights(content, rest, state, algorithms);
  restore_algorithms(rest, algorithms);
  state.optimizer.load_state(optim::NamedTensors(rest.begin(), rest.end()));
  try {
    state.step = saved.at("step");
    state.schedule_step = saved.at("schedule_step");
    state.train_time_s = saved.at("train_time_s");
    state.images_seen = saved.at("images_seen");
    state.nonfinite_in_a_row = saved.at("nonfinite_in_a_row");
    // Older checkpoints lack it.
    state.unreadable_steps_in_a_row = saved.value("unreadable_steps_in_a_row", int64_t{0});
    state.window = window_from(saved.at("window"));
    restore_scaler(saved, state.scaler);
    restore_metrics(saved, state);
  } catch (const json::exception& error) {
    throw damaged(error);
  }
}

}  // namespace stoker::train
