#include "stoker/run/build.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include <set>

#include "stoker/algorithms/optimizer_mean.h"
#include "stoker/augment/evaluation.h"
#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "stoker/decode/decode.h"
#include "stoker/models/smallest_batch.h"
#include "stoker/optim/build.h"
#include "stoker/optim/layer_decay.h"
#include "stoker/optim/lookahead.h"
#include "stoker/optim/sharded.h"
#include "stoker/parallel/staged_optimizer.h"
#include "stoker/run/building.h"
#include "stoker/run/task.h"
#include "stoker/train/autocast.h"
#include "stoker/train/unreadable.h"
#include "stoker/weights/learning_parameters.h"

namespace stoker::run {

namespace {

std::vector<config::Choice> steps_for(const RunConfig& config, data::Split split) {
  if (split == data::Split::kTrain) return config.augment;
  if (!config.eval.augment.empty()) return config.eval.augment;
  return augment::evaluation_steps(config.augment);
}

train::Source source_of(const RunConfig& config, data::Split split,
                        std::shared_ptr<const data::Dataset> dataset) {
  return {.dataset = std::move(dataset),
          .pipelines = build_pipelines(config, split),
          .loader = {.seed = static_cast<uint64_t>(config.seed),
                     .shuffle = split == data::Split::kTrain,
                     .repeats = split == data::Split::kTrain ? config.train.repeated_augmentation
                                                             : config.eval.tta.count(),
                     .threads = static_cast<int>(config.data.threads.value_or(0)),
                     .prefetch_bytes = data::prefetch_bytes(config.data),
                     .limits = data::decode_limits(config.data),
                     .shrink_jpegs = split == data::Split::kTrain &&
                                     config.data.jpeg_scaling == data::JpegScaling::kAuto}};
}

augment::Pipeline::Size size_of(const train::Source& source, int64_t sample) {
  std::vector<std::byte> scratch;
  const data::Record record = source.dataset->get(sample, scratch);
  if (record.is_decoded()) return {record.pixels.width, record.pixels.height};
  const decode::ImageInfo info =
      decode::Decoder(source.loader.limits).probe(record.encoded, source.dataset->name(sample));
  return {info.width, info.height};
}

// Of the first image that can be read, where unreadable ones are to be skipped.
augment::Pipeline::Size size_of_first(const train::Source& source) {
  constexpr int64_t kMostTried = 1000;
  if (source.dataset->size() == 0) throw DataError("the data set holds no images");
  const bool skips = source.loader.on_error == data::OnError::kSkip;
  const int64_t tried = skips ? std::min(source.dataset->size(), kMostTried) : 1;
  std::string first;
  for (int64_t sample = 0; sample < tried; ++sample) {
    try {
      return size_of(source, sample);
    } catch (const DataError& error) {
      if (!skips) throw;
      if (sample == 0) first = error.what();
    }
  }
  throw DataError(fmt::format("not one of the first {} images can be read: {}", tried, first));
}

void use_channels_last(models::Model& model) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : model.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace

augment::PipelineSchedule build_pipelines(const RunConfig& config, data::Split split) {
  const std::vector<config::Choice> steps = steps_for(config, split);
  if (split == data::Split::kTrain)
    return augment::resized_pipelines(steps, config.progressive_resizing, config.train.epochs);
  return std::make_shared<augment::Pipeline>(steps, config.eval.tta);
}

train::Source open_source(const RunConfig& config, data::Split split) {
  train::Source source = source_of(config, split, data::open_dataset(data_options(config), split));
  source.loader.on_error = config.data.on_error;
  return source;
}

train::Source evaluation_source(const RunConfig& config, data::Split split) {
  train::Source source =
      source_of(config, data::Split::kVal, data::open_dataset(data_options(config), split));
  source.loader.on_error = config.data.on_error;
  return source;
}

train::Source unlabelled_source(const RunConfig& config,
                                std::shared_ptr<const data::Dataset> images) {
  train::Source source = source_of(config, data::Split::kVal, std::move(images));
  source.loader.on_error = data::OnError::kSkip;
  return source;
}

models::ModelContext model_context(const train::Source& source) {
  const augment::Pipeline::Size image = size_of_first(source);
  const augment::Pipeline::Size size =
      source.pipelines.last().output_size(image.width, image.height);
  return {.classes = static_cast<int64_t>(source.dataset->class_names().size()),
          .channels = source.loader.channels,
          .height = size.height,
          .width = size.width};
}

models::Recompute recompute_rung(train::CheckpointMode mode) {
  switch (mode) {
    case train::CheckpointMode::kNorms:
      return models::Recompute::kNorms;
    case train::CheckpointMode::kBlocks:
      return models::Recompute::kBlocks;
    case train::CheckpointMode::kNone:
    case train::CheckpointMode::kAuto:
      break;
  }
  return models::Recompute::kNone;
}

namespace {

void set_recompute(const RunConfig& config, models::Model& model) {
  const models::Recompute rung = recompute_rung(config.memory.checkpoint);
  if (rung != models::Recompute::kNone && model.recompute_rungs().size() == 1) {
    throw ConfigError(fmt::format(
        "memory.checkpoint: {}: the model {} is computed as one piece, of which nothing can be "
        "computed again. Set it to none, and train.microbatch to a smaller number to save memory.",
        enum_names(rung)[static_cast<size_t>(rung)], config.model.name()));
  }
  model.set_recompute(rung);
}

// Of each group what this stage has.
void keep_own(std::vector<optim::ParameterGroup>& groups, const parallel::Stage& stage) {
  for (optim::ParameterGroup& one : groups)
    std::erase_if(one.parameters, [&](const auto& item) { return !stage.has(item.first); });
  std::erase_if(groups, [](const auto& one) { return one.parameters.empty(); });
}

}  // namespace

ops::DeviceWork building(const RunConfig& config, at::Device device) {
  return {.doing = fmt::format("building the model {} and its optimizer", config.model.name()),
          .device = device,
          .remedy = "Choose a smaller model, or raise memory.limit_gib."};
}

std::shared_ptr<models::Model> build_model(const RunConfig& config,
                                           const models::ModelContext& context, at::Device device) {
  at::manual_seed(static_cast<uint64_t>(config.seed));
  std::shared_ptr<models::Model> model = models::models().build(config.model, context);
  model->to(device);
  if (config.train.channels_last) use_channels_last(*model);
  set_recompute(config, *model);
  return model;
}

void check_sizes(const RunConfig& config, const augment::PipelineSchedule& pipelines,
                 const models::Model& model) {
  if (pipelines.phases().size() == 1 || model.takes_any_size()) return;
  throw ConfigError(fmt::format(
      "progressive_resizing: the model {} takes images of one size; choose a ResNet, or leave "
      "progressive_resizing.initial_scale at 1.",
      config.model.name()));
}

int64_t check_smallest_batch(const augment::PipelineSchedule& pipelines, models::Model& model,
                             models::ModelContext context, const train::StepPlan& plan) {
  for (const auto& phase : pipelines.phases()) {
    const auto size = phase.pipeline->fixed_size();
    if (!size || size->width * size->height >= context.width * context.height) continue;
    context.width = size->width;
    context.height = size->height;
  }
  const int64_t smallest = models::smallest_batch(model, context);
  if (plan.smallest_microbatch() >= smallest) return smallest;
  const bool divided = plan.grad_accumulation > 1;
  throw ConfigError(fmt::format(
      "{}: a batch norm of this model sees one value a channel of each image of {}x{}, so it "
      "cannot "
      "learn from {} image at a time: its variance would be none. Set {} to at least {}, enlarge "
      "the images under augment, or freeze the norms.",
      divided ? "train.microbatch" : "train.batch_size", context.width, context.height,
      plan.smallest_microbatch(), divided ? "train.microbatch" : "train.batch_size",
      divided ? 3 : smallest));
}

void initialize_from_data(models::Model& model, const train::Source& train,
                          const train::Source& val, at::Device device) {
  const int64_t images = std::min<int64_t>(model.initialization_images(), train.dataset->size());
  if (images == 0) return;
  train::Source source = train;
  source.pipelines = val.pipelines;
  source.loader.repeats = 1;
  const at::NoGradGuard no_grad;
  train::Feed feed(source, device, train::Precision::kFp32,
                   train::sequential_chunks(images, images));
  const auto batch = feed.next();
  if (batch->samples.empty())
    throw DataError(
        fmt::format("not one of the first {} images, which initialize the model, can "
                    "be read: {}",
                    images, train::unreadable_of(feed.loader()).first.front().reason));
  model.initialize(batch->images);
}

std::unique_ptr<optim::Optimizer> build_optimizer(const RunConfig& config, models::Model& model,
                                                  dist::Group& group,
                                                  std::shared_ptr<optim::Division> shards,
                                                  parallel::Stage* stage) {
  const optim::NamedTensors parameters = weights::learning_parameters(model);
  const auto& common = config.optimizer.common<optim::CommonOptions>();
  const auto build = [&](std::vector<optim::ParameterGroup> groups) {
    return optim::build_optimizer(config.optimizer, std::move(groups));
  };
  const std::vector<std::vector<std::string>> layers = model.layers();
  auto groups =
      optim::apply_layer_decay(optim::make_groups(parameters, common), layers, common.layer_decay);
  for (optim::ParameterGroup& one : groups)
    one.parts = {.first_layer = layers.empty() ? std::vector<std::string>() : layers.front(),
                 .head = model.head()};
  if (stage != nullptr) keep_own(groups, *stage);
  const auto divided = [&]() -> std::unique_ptr<optim::Optimizer> {
    if (config.dist.shard == dist::Shard::kNone || group.is_alone())
      return build(std::move(groups));
    if (!shards) return optim::make_sharded(group, std::move(groups), build);
    return optim::make_sharded(group, std::move(groups), build, std::move(shards));
  };
  auto optimizer = optim::with_lookahead(divided(), common.lookahead);
  if (stage == nullptr) return optimizer;
  return parallel::make_staged(*stage, model, std::move(optimizer));
}

optim::Schedule build_schedule(const RunConfig& config, const train::StepPlan& plan) {
  return optim::schedules().build(config.schedule,
                                  {.total_steps = plan.total_steps,
                                   .steps_per_epoch = static_cast<double>(plan.steps_per_epoch)});
}

train::Algorithms build_algorithms(const RunConfig& config,
                                   const algorithms::AlgorithmContext& context) {
  train::Algorithms list;
  std::set<std::string> names;
  std::string decides;  // what evaluation sees
  for (const config::Choice& choice : config.algorithms) {
    list.push_back(algorithms::algorithms().build(choice, context));
    const std::string name = list.back()->name();
    if (!names.insert(name).second) {
      throw ConfigError(fmt::format("algorithms: {} is listed twice; keep one of them.", name));
    }
    if (list.back()->evaluation_weights().empty()) continue;
    if (!decides.empty()) {
      throw ConfigError(fmt::format(
          "algorithms: {} and {} both decide which weights are evaluated; keep one of them.",
          decides, name));
    }
    decides = name;
  }
  if (context.state.optimizer().evaluation_weights().empty()) return list;
  if (!decides.empty()) {
    throw ConfigError(fmt::format(
        "optimizer: {} evaluates a mean of its weights, and algorithms: {} another; keep "
        "one of them.",
        config.optimizer.name(), decides));
  }
  list.push_back(algorithms::make_optimizer_mean(context.state, context.train, context.precision));
  return list;
}

}  // namespace stoker::run
