#include "stoker/train/snapshot.h"

#include <ATen/core/grad_mode.h>

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/core/shown_list.h"
#include "stoker/train/metric_names.h"
#include "stoker/weights/nonfinite.h"
#include "stoker/weights/state_dict.h"

namespace stoker::train {

using nlohmann::json;

namespace {

std::string algorithm_prefix(const Algorithm& algorithm) {
  return "algorithm/" + algorithm.name() + "/";
}

// JSON has no word for what is no number; it stands as null.
double number(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

// The numbers of `object` by the names of `fields`.
template <class T>
json numbers_json(const T& object, std::span<const NumberField<T>> fields) {
  json numbers = json::object();
  for (const auto& field : fields) {
    std::visit([&](auto member) { numbers[std::string(field.name)] = object.*member; },
               field.value);
  }
  return numbers;
}

template <class T>
void read_numbers(const json& saved, T& object, std::span<const NumberField<T>> fields) {
  for (const auto& field : fields) {
    const std::string name(field.name);
    if (field.is_optional && !saved.contains(name)) continue;
    const json& value = saved.at(name);
    if (const auto* real = std::get_if<double T::*>(&field.value)) {
      object.** real = number(value);
    } else {
      value.get_to(object.*std::get<int64_t T::*>(field.value));
    }
  }
}

// Puts the weights that evaluation used into `model`, and the model's own aside.
void swap_in_evaluation_weights(Algorithm& algorithm, CheckpointContent& content) {
  std::map<std::string, at::Tensor> swapped;
  for (auto& [name, tensor] : algorithm.evaluation_weights()) swapped.emplace(name, tensor);
  for (auto& [name, tensor] : content.model) {
    const auto found = swapped.find(name);
    if (found == swapped.end()) continue;
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
  // What is measured on outputs that are not finite ranks nothing.
  const bool counts = state.eval->result.nonfinite_images == 0;
  for (const EvalMetric& metric : eval_metrics()) {
    if (!metric.is_of(state.eval->result.is_multilabel)) continue;
    metrics[std::string(metric.name)] =
        counts ? state.eval->result.*metric.value : std::numeric_limits<double>::quiet_NaN();
  }
  return metrics;
}

void restore_metrics(const json& saved, State& state) {
  const json& metrics = saved.at("metrics");
  if (metrics.contains(std::string(kTrainLoss)))
    state.train_loss = number(metrics[std::string(kTrainLoss)]);
  if (!saved.contains("metrics_step")) return;
  state.eval = EvalRecord{.step = saved["metrics_step"]};
  state.eval->epoch = state.facts.plan.epoch(state.eval->step);
  state.eval->result.is_multilabel = metrics.contains("val.map");
  for (const EvalMetric& metric : eval_metrics()) {
    if (metric.is_of(state.eval->result.is_multilabel))
      state.eval->result.*metric.value = number(metrics.at(std::string(metric.name)));
  }
}

// The order of samples depends on their number, what a label means on the classes.
void check_training_set(const json& saved, const State& state) {
  const int64_t samples = saved.at("samples");
  if (samples != state.facts.plan.samples) {
    throw ConfigError(fmt::format(
        "the training set has {} images, and had {} when the checkpoint was written: the order of "
        "the steps to come depends on it. Give back the data of that time, or start a new run "
        "without --resume.",
        state.facts.plan.samples, samples));
  }
  const auto classes = saved.at("classes").get<std::vector<std::string>>();
  if (classes == state.facts.class_names) return;
  throw ConfigError(fmt::format(
      "the training set's classes are [{}], and were [{}] when the checkpoint was written. Give "
      "back the data of that time, or start a new run without --resume.",
      shown_list(state.facts.class_names), shown_list(classes)));
}

// Another train.microbatch than that of the checkpoint takes the place of what memory allowed then.
void heed_new_microbatch(const json& saved, State& state) {
  const int64_t planned = state.facts.plan.grad_accumulation;
  if (saved.value("planned_accumulation", planned) != planned) state.position.grad_accumulation = 0;
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
  // Of an algorithm that the configuration has no more; the change of the key has been reported.
  std::erase_if(tensors, [](const auto& item) { return item.first.starts_with("algorithm/"); });
}

// Model and evaluation weights from what swap_in_evaluation_weights() stored.
void restore_swapped_weights(const CheckpointContent& content,
                             std::map<std::string, at::Tensor>& tensors, State& state,
                             Algorithms& algorithms) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> stored(content.model.begin(), content.model.end());
  for (auto& algorithm : algorithms) {
    for (auto& [name, live] : algorithm->evaluation_weights()) live.copy_(stored.at(name));
  }
  for (auto& [name, live] : weights::state_dict(state.model())) {
    if (auto own = tensors.extract("training/" + name); !own.empty()) live.copy_(own.mapped());
  }
}

}  // namespace

CheckpointContent capture(State& state, Algorithms& algorithms) {
  CheckpointContent content;
  content.model = state.optimizer().at_hand(weights::state_dict(state.model()));
  content.optimizer = state.optimizer().state();
  for (auto& algorithm : algorithms) {
    for (auto& [name, tensor] : algorithm->state_tensors()) {
      content.optimizer.emplace_back(algorithm_prefix(*algorithm) + name, tensor);
    }
    swap_in_evaluation_weights(*algorithm, content);
  }
  const RunFacts& facts = state.facts;
  json saved = numbers_json(state.position, position_fields());
  saved["window"] = numbers_json(state.position.window, window_fields());
  saved["energy"] = numbers_json(state.position.energy, energy_fields());
  saved.update({{"epoch", state.epoch()},
                {"samples", facts.plan.samples},
                {"batch_size", facts.plan.batch_size},
                {"steps_per_epoch", facts.plan.steps_per_epoch},
                {"planned_accumulation", facts.plan.grad_accumulation},
                {"seed", facts.seed},
                {"classes", facts.class_names},
                {"input",
                 {{"channels", facts.context.channels},
                  {"height", facts.context.height},
                  {"width", facts.context.width}}},
                {"metrics", metrics_json(state)}});
  if (state.eval) saved["metrics_step"] = state.eval->step;
  if (state.scaler() != nullptr) {
    const optim::GradScaler::State scaler = state.scaler()->state();
    saved["scaler"] = {{"scale", scaler.scale},
                       {"growth_tracker", scaler.growth_tracker},
                       {"skipped_steps", scaler.skipped_steps}};
  }
  constexpr int64_t kStatistics =
      65'536;  // values of a norm's buffer at most; weights have the loss
  if (const auto names = weights::nonfinite_names(content.model, kStatistics); !names.empty()) {
    log().warn("the checkpoint of step {} holds values that are not finite: {}",
               state.position.step, weights::some_names(names));
    saved["nonfinite"] = names;
  }
  content.state_json = json_text(saved, 2) + "\n";
  return content;
}

ModelFacts model_facts(const CheckpointContent& content) {
  try {
    const json saved = parse_json(content.state_json);
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
    saved = parse_json(content.state_json);
    check_training_set(saved, state);
  } catch (const json::exception& error) {
    throw damaged(error);
  }
  const weights::LoadReport report = weights::load_state_dict(state.model(), content.model);
  if (!report.ok()) {
    throw DataError("the checkpoint's weights do not fit the model:\n" + report.message());
  }
  std::map<std::string, at::Tensor> rest(content.optimizer.begin(), content.optimizer.end());
  restore_swapped_weights(content, rest, state, algorithms);
  restore_algorithms(rest, algorithms);
  state.optimizer().load_state(optim::NamedTensors(rest.begin(), rest.end()));
  try {
    state.position = {};
    read_numbers(saved, state.position, position_fields());
    read_numbers(saved.at("window"), state.position.window, window_fields());
    if (saved.contains("energy"))
      read_numbers(saved["energy"], state.position.energy, energy_fields());
    heed_new_microbatch(saved, state);
    restore_scaler(saved, state.scaler());
    restore_metrics(saved, state);
  } catch (const json::exception& error) {
    throw damaged(error);
  }
}

}  // namespace stoker::train
