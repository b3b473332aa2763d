#include "stoker/weights/hub_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "stoker/core/error.h"
#include "stoker/core/file.h"

namespace stoker::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTorchvision = "torchvision/";
constexpr std::string_view kSafe = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path user_cache() {
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache;
  return fs::path(variable("HOME")) / ".cache";
}

fs::path hub_folder() {
  if (const std::string hub = variable("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const std::string home = variable("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  return user_cache() / "huggingface" / "hub";
}

fs::path torch_folder() {
  const std::string home = variable("TORCH_HOME");
  return (home.empty() ? user_cache() / "torch" : fs::path(home)) / "hub" / "checkpoints";
}

bool holds_weights(const fs::path& snapshot) {
  return fs::exists(snapshot / kSafe) || fs::exists(snapshot / kIndex);
}

// What refs/main points to, else the first snapshot that holds weights; "" where none does.
fs::path snapshot_of(const fs::path& repository) {
  const fs::path snapshots = repository / "snapshots", main = repository / "refs" / "main";
  if (fs::exists(main)) {
    std::string revision = read_file(main, 1000);
    while (!revision.empty() && std::isspace(static_cast<unsigned char>(revision.back())))
      revision.pop_back();
    if (!revision.empty() && holds_weights(snapshots / revision)) return snapshots / revision;
  }
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(snapshots, error))
    if (holds_weights(entry.path())) found.push_back(entry.path());
  return found.empty() ? fs::path() : *std::min_element(found.begin(), found.end());
}

// torch.hub keeps "resnet50-0676ba61.pth".
[[noreturn]] void refuse_torchvision(std::string_view name) {
  const std::string_view model = name.substr(kTorchvision.size());
  const fs::path folder = torch_folder();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(std::string(model) + "-") || entry.path().extension() != ".pth") continue;
    throw ConfigError(fmt::format(
        "model.weights: {} is in {} as a pickle, which is not opened. Convert it once: python "
        "scripts/convert_weights.py {} {}.safetensors, and name that file.",
        name, folder.string(), entry.path().string(), model));
  }
  throw ConfigError(fmt::format(
      "model.weights: {} is not in {}. Make a file of it once, and name that: python -c \"import "
      "torchvision, safetensors.torch as s; s.save_file(torchvision.models.{}("
      "weights='DEFAULT').state_dict(), '{}.safetensors')\"",
      name, folder.string(), model, model));
}

}  // namespace

bool is_hub_name(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) return false;
  if (text.ends_with(".safetensors") || text.ends_with(".json") || text[0] == '.') return false;
  return std::count(text.begin(), text.end(), '/') == 1 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                  c == '.' || c == '/';
         });
}

fs::path cached_weights(std::string_view name) {
  if (name.starts_with(kTorchvision)) refuse_torchvision(name);
  const size_t slash = name.find('/');
  const fs::path folder = hub_folder();
  const fs::path repository =
      folder / fmt::format("models--{}--{}", name.substr(0, slash), name.substr(slash + 1));
  if (const fs::path snapshot = snapshot_of(repository); !snapshot.empty()) return snapshot;
  throw ConfigError(fmt::format(
      "model.weights: {0} is neither a file nor in the cache of huggingface_hub, {1}{2}. "
      "Download it once: hf download {0} model.safetensors config.json",
      name, folder.string(),
      fs::exists(repository) ? ", whose copy has no model.safetensors" : ""));
}

}  // namespace stoker::weights
