#include "stoker/run/task.h"

#include <string>

#include "stoker/core/error.h"
#include "stoker/runs/metric_names.h"

namespace stoker::run {

namespace {

bool is_multilabel(const RunConfig& config) { return config.task == Task::kMultilabel; }

bool is_set(const config::Provenance& provenance, const std::string& key) {
  const auto found = provenance.lower_bound(key);
  return found != provenance.end() && (found->first == key || found->first.starts_with(key + "."));
}

// The losses that answer yes or no for each class.
std::string losses_of_several() {
  std::string names;
  for (const auto& row : losses::losses().rows()) {
    const auto loss = losses::losses().build(losses::losses().pick(row.name), {});
    if (loss->takes_several_labels())
      names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  }
  return names;
}

void check_monitor(const RunConfig& config) {
  const runs::MetricName* metric = runs::find_metric(config.checkpoint.monitor);
  if (metric == nullptr || metric->is_of(is_multilabel(config))) return;
  throw ConfigError(fmt::format(
      "checkpoint.monitor: {} is not measured with task: {}: expected {}.", metric->name,
      enum_names(config.task)[static_cast<size_t>(config.task)],
      is_multilabel(config) ? "val.map, val.f1_micro, val.f1_macro, val.loss or train.loss"
                            : "val.top1, val.top5, val.ece, val.loss or train.loss"));
}

void check_several(const RunConfig& config) {
  const auto loss = losses::losses().build(config.train.loss, {});
  if (!loss->takes_several_labels()) {
    throw ConfigError(
        fmt::format("train.loss: {} is for one class an image, and task is multilabel, which asks "
                    "yes or no for each class: expected one of {}.",
                    config.train.loss.name(), losses_of_several()));
  }
  if (config.train.label_smoothing > 0) {
    throw ConfigError(
        "train.label_smoothing shares one label among the classes, and with task: multilabel an "
        "image has any number of them: leave one of the two keys out.");
  }
  if (config.data.balance > 0) {
    throw ConfigError(
        "data.balance repeats the images of a class, and with task: multilabel an image may be of "
        "several: leave it out; train.balanced_loss: true weighs present labels in its place.");
  }
  for (const config::Choice& algorithm : config.algorithms)
    if (algorithm.name() == "distillation") {
      throw ConfigError(
          "algorithms: distillation compares probabilities that add up to one, and those of task: "
          "multilabel do not: leave one of the two keys out.");
    }
}

}  // namespace

void settle_task(RunConfig& config, const config::Provenance& provenance) {
  config.data = data_options(config);
  if (!is_multilabel(config)) return;
  if (!is_set(provenance, "train.loss")) config.train.loss = losses::losses().pick("bce");
  if (!is_set(provenance, "checkpoint.monitor")) config.checkpoint.monitor = "val.map";
}

void check_task(const RunConfig& config) {
  check_monitor(config);
  if (is_multilabel(config)) {
    check_several(config);
    return;
  }
  if (!config.train.positive_weights.empty()) {
    throw ConfigError(
        "train.positive_weights are for task: multilabel; with one class an image write "
        "train.class_weights.");
  }
  if (config.eval.threshold != train::EvalOptions().threshold)
    throw ConfigError("eval.threshold is for task: multilabel: leave it out.");
}

data::DataOptions data_options(const RunConfig& config) {
  data::DataOptions options = config.data;
  options.multilabel = is_multilabel(config);
  return options;
}

}  // namespace stoker::run
