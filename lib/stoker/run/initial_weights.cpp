#include "stoker/run/initial_weights.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "stoker/train/checkpoint.h"
#include "stoker/weights/foreign_names.h"
#include "stoker/weights/state_dict.h"

namespace stoker::run {
namespace {

namespace fs = std::filesystem;

WeightFile describe_file(const fs::path& path) {
  const MappedFile map(path);
  return {
      .path = path.string(), .sha256 = sha256_hex(map.bytes()), .size_bytes = map.bytes().size()};
}

bool is_of(std::string_view name, std::string_view head) {
  return !head.empty() && name.starts_with(head);
}

// Where only the classifier stands in the way, it is most likely another number of classes.
std::string advice(const weights::LoadReport& report, const std::string& head) {
  const auto in_head = [&](const std::string& name) { return is_of(name, head); };
  if (std::all_of(report.missing.begin(), report.missing.end(), in_head) &&
      std::all_of(report.unexpected.begin(), report.unexpected.end(), in_head) &&
      std::all_of(report.misshapen.begin(), report.misshapen.end(), in_head)) {
    return fmt::format(
        "Only the classifier ({}*) differs: model.head: reset loads the rest and begins with a new "
        "one.",
        head);
  }
  return "Choose the model, and what shapes it (model.stem, for one), that the weights were made "
         "for; parts of a file can be taken with scripts/convert_weights.py.";
}

void check_head(const models::Model& model, const std::string& row) {
  if (model.head().empty()) {
    throw ConfigError(fmt::format(
        "model.head: reset needs a model whose classifier is known; that of {} is not.", row));
  }
}

}  // namespace

int64_t stem_kernel(const weights::NamedTensors& tensors) {
  constexpr std::string_view kFirst = "conv1.weight";
  const std::string* nearest = nullptr;  // the least nested: blocks have a conv1 too
  int64_t kernel = 0;
  for (const auto& [name, tensor] : tensors) {
    const bool is_first = name == kFirst || name.ends_with("." + std::string(kFirst));
    if (!is_first || tensor.dim() != 4) continue;
    if (nearest != nullptr && nearest->size() <= name.size()) continue;
    nearest = &name;
    kernel = tensor.size(3);
  }
  return kernel;
}

// They have checksums of their own.
bool is_run_or_checkpoint(const fs::path& path) {
  return fs::exists(path / runs::kCheckpointsFolder) || runs::is_checkpoint(path) ||
         (path.parent_path().filename() == runs::kCheckpointsFolder && fs::is_regular_file(path));
}

OpenWeights open_weights(const std::string& path) {
  if (!is_run_or_checkpoint(path)) {
    if (!fs::exists(path)) {
      throw ConfigError(
          fmt::format("model.weights: {}: no such file. Expected a .safetensors file, the index of "
                      "a sharded one, a folder that holds either, or a run or checkpoint of "
                      "stoker.",
                      path));
    }
    const std::vector<fs::path> files = weights::weight_files(path);
    return {files, UnchangedFiles(files), weights::read_weights(path)};
  }
  const runs::WholeCheckpoint checkpoint = runs::open_checkpoint(path, /*prefer_best=*/true);
  const std::vector<fs::path> files{checkpoint.folder() / runs::kModelFile};
  return {files, UnchangedFiles(files), train::read_checkpoint(checkpoint).model};
}

InitialWeights load_initial_weights(models::Model& model, const RunConfig& config,
                                    OpenWeights opened) {
  const auto& options = config.model.common<models::TransferOptions>();
  const bool reset = options.head == models::Head::kReset;
  if (reset) check_head(model, config.model.name());
  InitialWeights loaded{.source = options.weights.value()};
  for (const fs::path& file : opened.files) loaded.files.push_back(describe_file(file));

  std::set<std::string> own;
  for (const auto& [name, tensor] : weights::state_dict(model)) {
    own.insert(name);
    if (reset && is_of(name, model.head())) loaded.reset.push_back(name);
  }
  weights::PlainNames plain = weights::without_wrappers(std::move(opened.tensors), own);
  loaded.prefix = plain.prefix;
  if (!loaded.prefix.empty()) {
    log().info("model.weights: all names in {} begin with {}, which is left out", loaded.source,
               loaded.prefix);
  }
  if (reset) {
    std::erase_if(plain.tensors,
                  [&](const auto& entry) { return is_of(entry.first, model.head()); });
  }
  loaded.tensors = static_cast<int64_t>(plain.tensors.size());
  weights::LoadReport report = weights::load_state_dict(model, plain.tensors);
  opened.unchanged.check();
  if (reset) {
    std::erase_if(report.missing, [&](const auto& name) { return is_of(name, model.head()); });
  }
  if (!report.ok()) {
    throw ConfigError(fmt::format("model.weights: {} does not fit {}:\n{}\n{}", loaded.source,
                                  config.model.name(), report.message(),
                                  advice(report, model.head())));
  }
  return loaded;
}

std::string to_json(const InitialWeights& weights) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const WeightFile& file : weights.files) {
    std::error_code error;
    const fs::path absolute = fs::absolute(file.path, error);
    files.push_back(
        {{"path", absolute.string()}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256}});
  }
  const nlohmann::ordered_json json{{"source", weights.source},
                                    {"files", files},
                                    {"prefix", weights.prefix},
                                    {"tensors_loaded", weights.tensors},
                                    {"reset", weights.reset}};
  return json_text(json, 2) + "\n";
}

std::string to_text(const InitialWeights& weights) {
  std::string text = fmt::format("{} tensors of {}", weights.tensors, weights.source);
  if (weights.files.size() == 1) {
    text += fmt::format(" (SHA-256 {}…)", weights.files[0].sha256.substr(0, 12));
  } else {
    text += fmt::format(" ({} files)", weights.files.size());
  }
  if (!weights.reset.empty()) {
    text += fmt::format("; {} start new (model.head: reset)", fmt::join(weights.reset, ", "));
  }
  return text;
}

}  // namespace stoker::run
