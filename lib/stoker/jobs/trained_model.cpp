#include "stoker/jobs/trained_model.h"

#include <map>
#include <string>

#include "stoker/algorithms/ema.h"
#include "stoker/core/error.h"
#include "stoker/machine/device.h"
#include "stoker/ops/device_errors.h"
#include "stoker/run/build.h"
#include "stoker/run/initial_weights.h"
#include "stoker/run/load.h"
#include "stoker/run/memory.h"
#include "stoker/run/precision.h"
#include "stoker/run/task.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "stoker/train/autocast.h"
#include "stoker/train/checkpoint.h"
#include "stoker/train/snapshot.h"
#include "stoker/weights/nonfinite.h"
#include "stoker/weights/state_dict.h"

namespace stoker::jobs {

namespace {

// Puts the average of another decay in the place of the model.
void take_average(train::CheckpointContent& content, double decay,
                  const std::filesystem::path& path) {
  const std::string prefix = "algorithm/" + algorithms::average_prefix(decay);
  std::map<std::string, at::Tensor> average;
  for (const auto& [name, tensor] : content.optimizer)
    if (name.starts_with(prefix)) average.emplace(name.substr(prefix.size()), tensor);
  if (average.empty()) {
    throw ConfigError(fmt::format(
        "eval.average: {}: {} holds no average of that decay; algorithms.ema.more_decays names "
        "those that a run keeps, and none means the checkpoint's model.",
        decay, path.string()));
  }
  for (auto& [name, tensor] : content.model)
    if (const auto found = average.find(name); found != average.end()) tensor = found->second;
}

// The config of a checkpoint, which asks of an image what the model was trained to answer.
run::RunConfig config_of(const std::filesystem::path& file,
                         std::span<const std::string> overrides) {
  run::RunConfig config = run::load_run_config(file, overrides).options;
  const run::Task trained = run::load_run_config(file, {}).options.task;
  if (config.task != trained) {
    throw ConfigError(fmt::format("task: the model was trained with task: {}; leave the key out.",
                                  enum_names(trained)[static_cast<size_t>(trained)]));
  }
  run::check_task(config);
  return config;
}

}  // namespace

TrainedModel load_trained_model(const std::filesystem::path& path,
                                std::span<const std::string> overrides, int64_t local_rank) {
  const runs::WholeCheckpoint whole = runs::open_checkpoint(path, /*prefer_best=*/true);
  TrainedModel trained{.checkpoint = whole.folder()};
  trained.config = config_of(trained.checkpoint / runs::kConfigFile, overrides);
  trained.device = machine::pick_device(trained.config.device, local_rank);
  run::apply_memory_options(trained.config.memory, trained.device);
  machine::prepare_cpu(trained.device);
  run::resolve_precision(trained.config, trained.device);
  train::apply_precision(trained.config.train.precision);

  train::CheckpointContent content = train::read_checkpoint(whole);
  if (trained.config.eval.average) take_average(content, *trained.config.eval.average, path);
  if (const auto names = weights::nonfinite_names(content.model); !names.empty()) {
    throw Diverged(fmt::format(
        "{}: holds values that are not finite in {}: what the network says would mean nothing. Use "
        "an earlier checkpoint, or train again with a lower optimizer.lr.",
        trained.checkpoint.string(), weights::some_names(names)));
  }
  const train::ModelFacts facts = train::model_facts(content);
  trained.step = facts.step;
  trained.class_names = facts.class_names;
  trained.context = facts.context;
  trained.context.stem_kernel = run::stem_kernel(content.model);
  const ops::DeviceWork work{
      .doing = fmt::format("building the model {}", trained.config.model.name()),
      .device = trained.device,
      .remedy = "Use another device, such as device=cpu."};
  trained.model = ops::on_device(
      work, [&] { return run::build_model(trained.config, trained.context, trained.device); });
  if (const auto report = weights::load_state_dict(*trained.model, content.model); !report.ok()) {
    throw DataError(fmt::format("{} does not fit the model of its own config:\n{}",
                                trained.checkpoint.string(), report.message()));
  }
  return trained;
}

}  // namespace stoker::jobs
