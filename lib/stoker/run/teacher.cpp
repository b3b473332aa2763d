#include "stoker/run/teacher.h"

#include <ATen/ops/tensor.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "stoker/core/checksum.h"
#include "stoker/core/error.h"
#include "stoker/core/shown_list.h"
#include "stoker/ops/cpu_memory.h"
#include "stoker/run/initial_weights.h"
#include "stoker/run/load.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "stoker/train/checkpoint.h"
#include "stoker/train/snapshot.h"
#include "stoker/weights/state_dict.h"

namespace stoker::run {

namespace {

using algorithms::DistillationOptions;
using algorithms::Teacher;

constexpr const char* kKey = "algorithms.distillation.teacher";

const DistillationOptions* options_of(const RunConfig& config) {
  for (const config::Choice& choice : config.algorithms)
    if (choice.name() == "distillation") return &choice.as<DistillationOptions>();
  return nullptr;
}

// The run's configuration with the teacher's model, in what concerns a forward pass.
RunConfig config_for(const Student& student, config::Choice model) {
  RunConfig config = student.config;
  config.model = std::move(model);
  config.memory.checkpoint = train::CheckpointMode::kNone;
  return config;
}

std::array<int64_t, 2> digest_of(const models::Model& model) {
  const ops::PassCpuLimit pass_limit;
  Checksum sum;
  for (const auto& [name, tensor] : weights::state_dict(model)) {
    const at::Tensor on_cpu = tensor.detach().cpu().contiguous();
    sum.update({static_cast<const std::byte*>(on_cpu.const_data_ptr()), on_cpu.nbytes()});
  }
  const std::string hex = sum.hex();
  std::array<int64_t, 2> digest{};
  for (size_t i = 0; i < digest.size(); ++i) {
    uint64_t half = 0;
    const char* begin = hex.data() + 16 * i;
    std::from_chars(begin, begin + 16, half, 16);
    std::memcpy(&digest[i], &half, sizeof(half));
  }
  return digest;
}

// Where the teacher's images were normalised in another way: x = pixel s + b for both.
void fit_images(Teacher& teacher, const kernels::Normalization& own,
                const kernels::Normalization& theirs, const Student& student) {
  const int64_t channels = student.context.channels;
  STOKER_CHECK(channels <= std::ssize(own.scale), "{} channels", channels);
  std::vector<float> scale, shift;
  bool differs = false;
  for (int64_t c = 0; c < channels; ++c) {
    scale.push_back(theirs.scale[c] / own.scale[c]);
    shift.push_back(theirs.bias[c] - own.bias[c] * scale.back());
    differs = differs || theirs.scale[c] != own.scale[c] || theirs.bias[c] != own.bias[c];
  }
  if (!differs) return;
  teacher.scale = at::tensor(scale).view({1, -1, 1, 1}).to(student.device);
  teacher.shift = at::tensor(shift).view({1, -1, 1, 1}).to(student.device);
}

void check_facts(const train::ModelFacts& facts, const Student& student,
                 const std::string& teacher) {
  const std::vector<std::string>& own = student.train.dataset->class_names();
  if (facts.class_names != own) {
    throw ConfigError(fmt::format(
        "{}: {} knows the classes [{}], and this run's are [{}]: expected the same, in this order.",
        kKey, teacher, shown_list(facts.class_names), shown_list(own)));
  }
  if (facts.context.channels == student.context.channels) return;
  throw ConfigError(fmt::format("{}: {} takes images of {} channels, and this run's have {}.", kKey,
                                teacher, facts.context.channels, student.context.channels));
}

void check_size(const models::ModelContext& context, const RunConfig& config,
                const models::Model& model, const Student& student) {
  check_sizes(config, student.train.pipelines, model);
  const bool same =
      context.height == student.context.height && context.width == student.context.width;
  if (same || model.takes_any_size()) return;
  throw ConfigError(fmt::format(
      "{}: the model {} was trained on images of {}x{} and takes no others; this run's are {}x{}.",
      kKey, config.model.name(), context.height, context.width, student.context.height,
      student.context.width));
}

Teacher teacher_of_run(const DistillationOptions& options, const Student& student) {
  const runs::WholeCheckpoint whole = runs::open_checkpoint(options.teacher, /*prefer_best=*/true);
  const RunConfig trained = load_run_config(whole.folder() / runs::kConfigFile, {}).options;
  if (trained.task != Task::kClassification) {
    throw ConfigError(
        fmt::format("{}: {} was trained with task: multilabel, whose probabilities do not add up "
                    "to one: name a run of one class an image.",
                    kKey, options.teacher));
  }
  const train::CheckpointContent content = train::read_checkpoint(whole);
  const train::ModelFacts facts = train::model_facts(content);
  check_facts(facts, student, options.teacher);
  const RunConfig config = config_for(student, trained.model);
  models::ModelContext context = facts.context;
  context.stem_kernel = stem_kernel(content.model);
  Teacher teacher{.model = build_model(config, context, student.device),
                  .text = fmt::format("{} of {}", trained.model.name(), whole.folder().string())};
  check_size(context, config, *teacher.model, student);
  if (const auto report = weights::load_state_dict(*teacher.model, content.model); !report.ok()) {
    throw DataError(fmt::format("{}: {} does not fit the model of its own config:\n{}", kKey,
                                whole.folder().string(), report.message()));
  }
  fit_images(teacher, student.train.pipelines.normalization(),
             build_pipelines(trained, data::Split::kTrain).normalization(), student);
  return teacher;
}

Teacher teacher_of_file(const DistillationOptions& options, const Student& student) {
  RunConfig config = config_for(student, models::models().pick(options.model));
  config.model.common<models::TransferOptions>().weights = options.teacher;
  try {
    OpenWeights opened = open_weights(options.teacher);
    models::ModelContext context = student.context;
    context.stem_kernel = stem_kernel(opened.tensors);
    Teacher teacher{.model = build_model(config, context, student.device),
                    .text = fmt::format("{} of {}", options.model, options.teacher)};
    check_size(context, config, *teacher.model, student);
    load_initial_weights(*teacher.model, config, std::move(opened));
    return teacher;
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("{}: as {}", kKey, error.what()));
  }
}

}  // namespace

void check_teacher(const RunConfig& config) {
  const DistillationOptions* options = options_of(config);
  if (options == nullptr) return;
  if (!std::filesystem::exists(options->teacher)) {
    throw ConfigError(fmt::format(
        "{}: {}: no such file or folder. Expected a run or a checkpoint of stoker, or a file of "
        "weights.",
        kKey, options->teacher));
  }
  const bool is_run = is_run_or_checkpoint(options->teacher);
  if (is_run && !options->model.empty()) {
    throw ConfigError(
        fmt::format("algorithms.distillation.model: {} is a run, which says itself what model it "
                    "is: leave the key out.",
                    options->teacher));
  }
  if (is_run || models::models().find(options->model) != nullptr) return;
  throw ConfigError(fmt::format(
      "algorithms.distillation.model: {}; expected the name of the model that {} belongs to, "
      "as `model` has them.",
      options->model.empty() ? "there is none" : "no model is named " + options->model,
      options->teacher));
}

std::shared_ptr<const Teacher> open_teacher(const Student& student) {
  const DistillationOptions* options = options_of(student.config);
  if (options == nullptr) return nullptr;
  check_teacher(student.config);
  auto teacher = std::make_shared<Teacher>(is_run_or_checkpoint(options->teacher)
                                               ? teacher_of_run(*options, student)
                                               : teacher_of_file(*options, student));
  teacher->model->eval();
  for (at::Tensor& parameter : teacher->model->parameters()) parameter.set_requires_grad(false);
  teacher->digest = digest_of(*teacher->model);
  return teacher;
}

}  // namespace stoker::run
