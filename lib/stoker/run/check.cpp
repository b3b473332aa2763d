#include "stoker/run/check.h"

#include <fmt/format.h>

#include <utility>

#include "stoker/config/config.h"
#include "stoker/machine/device.h"
#include "stoker/run/batch_rule.h"
#include "stoker/run/build.h"
#include "stoker/run/building.h"
#include "stoker/run/find_weights.h"
#include "stoker/run/option_check.h"
#include "stoker/run/pipelining.h"
#include "stoker/run/sharding.h"
#include "stoker/run/teacher.h"
#include "stoker/runs/destination.h"
#include "stoker/train/state.h"

namespace stoker::run {

namespace {

// Where the data would tell.
constexpr int64_t kUsualSide = 224, kSomeClasses = 10;
// So many batches that no rounding of epochs to steps decides anything.
constexpr int64_t kBatchesAnEpoch = 10'000;

models::ModelContext nominal_context(const augment::PipelineSchedule& pipelines) {
  const auto size = pipelines.last().fixed_size();
  return {.classes = kSomeClasses,
          .height = size ? size->height : kUsualSide,
          .width = size ? size->width : kUsualSide};
}

// The values of all that a model is built from, but the seed of its weights.
std::string essence_of(RunConfig config, const models::ModelContext& context) {
  const config::Node values = config::to_node(config::fields_of(config));
  std::string text = fmt::format("{}x{}", context.height, context.width);
  for (const char* section : {"model", "memory"})
    text += "\n" + config::print_flow(*values.find(section));
  return text + (config.train.channels_last ? "\nchannels last" : "");
}

}  // namespace

models::Model& ConfigCheck::model_of(const RunConfig& config, const models::ModelContext& context) {
  std::string essence = essence_of(config, context);
  if (model_ == nullptr || essence != built_for_) {
    model_ = nullptr;
    model_ = build_model(config, context, at::kCPU);
    built_for_ = std::move(essence);
    models::freeze(*model_, config.model.common<models::TransferOptions>().freeze);
  }
  return *model_;
}

void ConfigCheck::operator()(const RunConfig& config) {
  machine::check_device_name(config.device);
  runs::check_name(config.name);
  check_options(config);
  check_teacher(config);
  if (const auto& weights = config.model.common<models::TransferOptions>().weights)
    find_weights(*weights);
  const augment::PipelineSchedule pipelines = build_pipelines(config, data::Split::kTrain);
  build_pipelines(config, data::Split::kVal);
  RunConfig with_batch = config;
  begin_at_base_batch(with_batch);
  follow_batch(with_batch);
  train::TrainOptions nominal = config.train;
  nominal.batch_size = 1;
  const train::StepPlan plan = train::plan_steps(kBatchesAnEpoch, nominal);
  build_schedule(config, plan);
  // A module from a file says by itself how many classes it knows, so it is checked with the data.
  if (config.model.name() == "torchscript") return;
  ops::on_device(building(config, at::kCPU),
                 [&] { check_built(config, with_batch, pipelines, plan); });
}

void ConfigCheck::check_built(const RunConfig& config, const RunConfig& with_batch,
                              const augment::PipelineSchedule& pipelines,
                              const train::StepPlan& plan) {
  const models::ModelContext context = nominal_context(pipelines);
  models::Model& model = model_of(config, context);
  check_sizes(config, pipelines, model);
  check_smallest_batch(pipelines, model, context,
                       train::plan_steps(*with_batch.train.batch_size, with_batch.train));
  const auto optimizer = build_optimizer(config, model);
  check_sharding(config, *optimizer);
  check_pipeline(config, *optimizer);
  train::State state(model, *optimizer, nullptr, {.plan = plan, .context = context});
  build_algorithms(config, {.state = state});
}

}  // namespace stoker::run
