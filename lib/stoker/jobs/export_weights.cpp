#include "stoker/jobs/export_weights.h"

#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/jobs/trained_model.h"
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
