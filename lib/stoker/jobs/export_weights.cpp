#include "stoker/jobs/export_weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "stoker/config/values.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/jobs/trained_model.h"
#include "stoker/models/convolutions.h"
#include "stoker/models/fold.h"
#include "stoker/weights/dialects.h"
#include "stoker/weights/nonfinite.h"
#include "stoker/weights/safetensors_image.h"
#include "stoker/weights/state_dict.h"
#include "stoker/zoo/torchvision.h"

namespace stoker::jobs {
namespace {

// On the CPU unless the user says otherwise: nothing is computed but what folding takes.
std::vector<std::string> on_cpu(std::span<const std::string> overrides) {
  std::vector<std::string> all{"device=cpu"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return all;
}

const zoo::TorchvisionNetwork& torchvision_of(const std::string& row) {
  const zoo::TorchvisionNetwork* network = zoo::torchvision_network(row);
  if (network != nullptr) return *network;
  throw ConfigError(fmt::format(
      "--names torchvision: torchvision has no network that computes what {} does. --names timm "
      "writes the names that it has here.",
      row));
}

config::Node own_options(config::Choice model) {
  config::Fields fields;
  models::models().describe_row(model, fields);
  return config::to_node(fields);
}

// Options whose value torchvision's network has not. What only training knows is left out, and what
// shows in the tensors' shapes.
std::vector<std::string> foreign_options(const config::Choice& model) {
  constexpr std::array<std::string_view, 5> kElsewhere{"drop_path", "dropout", "layer_scale",
                                                       "stem", "zero_init_residual"};
  const config::Node usual = own_options(models::models().pick(model.name()));
  const config::Node own = own_options(model);
  std::vector<std::string> names;
  for (const config::Entry& entry : own.entries) {
    if (std::ranges::find(kElsewhere, entry.key) != kElsewhere.end()) continue;
    if (usual.find(entry.key)->scalar != entry.value.scalar) names.push_back("model." + entry.key);
  }
  return names;
}

// Tensors that torchvision's network has in another shape, or only one of the two has. That network
// is for colour images; a ViT's `image_size` may be any.
std::vector<std::string> foreign_tensors(const TrainedModel& trained) {
  constexpr int64_t kSide = 224;
  const models::ModelContext& context = trained.context;
  const bool any_size =
      trained.config.model.name().starts_with("vit") && context.height == context.width;
  const int64_t side = any_size ? context.height : kSide;
  const models::BlankWeights shapes_alone;
  const auto usual =
      models::models().build(models::models().pick(trained.config.model.name()),
                             {.classes = context.classes, .height = side, .width = side});
  std::map<std::string, std::vector<int64_t>> left;
  for (const auto& [name, tensor] : weights::state_dict(*usual)) left[name] = tensor.sizes().vec();
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights::state_dict(*trained.model)) {
    const auto found = left.find(name);
    if (found == left.end() || tensor.sizes() != found->second) names.push_back(name);
    if (found != left.end()) left.erase(found);
  }
  for (const auto& [name, sizes] : left) names.push_back(name);
  return names;
}

// Throws ConfigError where torchvision's network would compute something else, or not take this.
void check_is_torchvision(const TrainedModel& trained, const zoo::TorchvisionNetwork& network) {
  if (const auto options = foreign_options(trained.config.model); !options.empty())
    throw ConfigError(
        fmt::format("--names torchvision: torchvision's {} has no {} such as this model's. --names "
                    "timm writes it as it is.",
                    network.name, fmt::join(options, ", ")));
  if (const auto tensors = foreign_tensors(trained); !tensors.empty())
    throw ConfigError(fmt::format(
        "--names torchvision: torchvision's {} has other tensors than {} of this model, "
        "by its options or by the size or channels of its images. --names timm writes "
        "it as it is.",
        network.name, weights::some_names(tensors)));
}

weights::NamedTensors under_torchvision_names(const weights::NamedTensors& tensors,
                                              const zoo::TorchvisionNetwork& network) {
  if (network.dialect.empty()) return tensors;
  weights::Respelling made = weights::spelled_as(tensors, network.dialect);
  if (made.unknown.empty()) return std::move(made.tensors);
  throw ConfigError(
      fmt::format("--names torchvision: {} has no tensors such as {} of this model; options that "
                  "torchvision's network lacks (model.registers, model.layer_scale, …) cannot go "
                  "there. --names timm writes it as it is.",
                  network.name, weights::some_names(made.unknown)));
}

}  // namespace

ExportedWeights export_weights(const std::filesystem::path& path, const std::filesystem::path& file,
                               std::span<const std::string> overrides,
                               const ExportOptions& options) {
  const TrainedModel trained = load_trained_model(path, on_cpu(overrides));
  ExportedWeights exported{.checkpoint = trained.checkpoint,
                           .network = trained.config.model.name(),
                           .class_names = trained.class_names};
  const zoo::TorchvisionNetwork* network = nullptr;
  if (options.names == ExportNames::kTorchvision) {
    network = &torchvision_of(exported.network);
    check_is_torchvision(trained, *network);
    exported.network = network->name;
  }
  if (options.fold) exported.folded = models::fold_branches(*trained.model);
  weights::NamedTensors tensors = weights::state_dict(*trained.model);
  if (network != nullptr) tensors = under_torchvision_names(tensors, *network);
  exported.tensors = std::ssize(tensors);
  weights::write_safetensors(real_file_system(), file, tensors, {{"format", "pt"}});
  exported.size_bytes = std::filesystem::file_size(file);
  return exported;
}

}  // namespace stoker::jobs
