#include "stoker/run/build.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include "stoker/augment/evaluation.h"
#include "stoker/core/error.h"
#include "stoker/decode/decode.h"
#include "stoker/optim/layer_decay.h"
#include "stoker/train/autocast.h"
#include "stoker/train/unreadable.h"

namespace stoker::run {

namespace {

std::vector<config::Choice> steps_for(const RunConfig& config, data::Split split) {
  if (split == data::Split::kTrain) return config.augment;
  if (!config.eval.augment.empty()) return config.eval.augment;
  return augment::evaluation_steps(config.augment);
}

augment::PipelineSchedule pipelines_for(const RunConfig& config, data::Split split) {
  const std::vector<config::Choice> steps = steps_for(config, split);
  if (split == data::Split::kTrain)
    return augment::resized_pipelines(steps, config.progressive_resizing, config.train.epochs);
  return std::make_shared<augment::Pipeline>(steps, config.eval.tta);
}

train::Source source_of(const RunConfig& config, data::Split split,
                        std::shared_ptr<const data::Dataset> dataset) {
  return {.dataset = std::move(dataset),
          .pipelines = pipelines_for(config, split),
          .loader = {.seed = static_cast<uint64_t>(config.seed),
                     .shuffle = split == data::Split::kTrain,
                     .repeats = split == data::Split::kTrain ? config.train.repeated_augmentation
                                                             : config.eval.tta.count(),
                     .threads = static_cast<int>(config.data.threads.value_or(0)),
                     .prefetch_bytes = config.data.prefetch_mib << 20,
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

train::Source open_source(const RunConfig& config, data::Split split) {
  train::Source source = source_of(config, split, data::open_dataset(config.data, split));
  source.loader.on_error = config.data.on_error;
  return source;
}

train::Source evaluation_source(const RunConfig& config, data::Split split) {
  train::Source source =
      source_of(config, data::Split::kVal, data::open_dataset(config.data, split));
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

std::shared_ptr<models::Model> build_model(const RunConfig& config,
                                           const models::ModelContext& context, at::Device device) {
  at::manual_seed(static_cast<uint64_t>(config.seed));
  std::shared_ptr<models::Model> model = models::models().build(config.model, context);
  model->to(device);
  if (config.train.channels_last) use_channels_last(*model);
  return model;
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

std::unique_ptr<optim::Optimizer> build_optimizer(const RunConfig& config, models::Model& model) {
  optim::NamedTensors parameters;
  for (const auto& item : model.named_parameters()) {
    if (item.value().requires_grad()) parameters.emplace_back(item.key(), item.value());
  }
  const optim::CommonOptions& common = optim::common_options(config.optimizer);
  return optim::optimizers().build(
      config.optimizer, optim::apply_layer_decay(optim::make_groups(parameters, common.groups,
                                                                    common.no_decay_norm_bias),
                                                 model.layers(), common.layer_decay));
}

optim::Schedule build_schedule(const RunConfig& config, const train::StepPlan& plan) {
  return optim::schedules().build(config.schedule,
                                  {.total_steps = plan.total_steps,
                                   .steps_per_epoch = static_cast<double>(plan.steps_per_epoch)});
}

}  // namespace stoker::run
