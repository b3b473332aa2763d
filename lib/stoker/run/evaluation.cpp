#include "stoker/run/evaluation.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/data/relabelled.h"
#include "stoker/run/build.h"
#include "stoker/run/device.h"
#include "stoker/run/load.h"
#include "stoker/train/autocast.h"
#include "stoker/train/checkpoint.h"
#include "stoker/train/evaluate.h"
#include "stoker/weights/state_dict.h"

namespace stoker::run {

EvaluationResult run_evaluation(const std::filesystem::path& path,
                                std::span<const std::string> overrides) {
  EvaluationResult result{.checkpoint = train::resolve_checkpoint(path, /*prefer_best=*/true)};
  const RunConfig config = load_run_config(result.checkpoint / "config.yaml", overrides).options;
  const at::Device device = pick_device(config.device);
  use_all_cpus();
  train::apply_precision(config.train.precision);
  const train::CheckpointContent content = train::read_checkpoint(result.checkpoint);
  const auto state = nlohmann::json::parse(content.state_json);
  result.step = state.value("step", int64_t{0});
  result.class_names = state.at("classes").get<std::vector<std::string>>();

  train::Source source = open_source(config, data::Split::kVal);
  source.dataset = data::relabel(source.dataset, result.class_names);
  const std::shared_ptr<models::Model> model = build_model(config, model_context(source), device);
  if (const auto report = weights::load_state_dict(*model, content.model); !report.ok()) {
    throw DataError(fmt::format("{} does not fit the model of its config for {} classes:\n{}",
                                result.checkpoint.string(), result.class_names.size(),
                                report.message()));
  }
  const auto start = std::chrono::steady_clock::now();
  result.metrics = train::evaluate(*model, source, device,
                                   {.batch_size = config.eval.batch_size,
                                    .precision = config.train.precision,
                                    .loss = config.train.loss});
  result.time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace stoker::run
