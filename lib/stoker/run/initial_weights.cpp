#include "stoker/run/initial_weights.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/core/json_text.h"
#include "stoker/core/log.h"
#include "stoker/run/find_weights.h"
#include "stoker/run/fitted_weights.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "stoker/train/checkpoint.h"
#include "stoker/weights/hub_cache.h"
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

void report_fitting(const std::string& source, const FittedWeights& fitted) {
  if (!fitted.prefix.empty())
    log().info("model.weights: all names in {} begin with {}, which is left out", source,
               fitted.prefix);
  if (!fitted.dialect.empty())
    log().info("model.weights: {} has the names of {}, which are changed to the model's", source,
               fitted.dialect);
  if (!fitted.left_out.empty())
    log().info("model.weights: not a part of the network: {}", fmt::join(fitted.left_out, ", "));
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

fs::path find_weights(const std::string& source) {
  const bool is_there = fs::exists(source);
  if (!is_there && weights::is_hub_name(source)) return weights::cached_weights(source);
  if (is_there || is_run_or_checkpoint(source)) return source;
  throw ConfigError(
      fmt::format("model.weights: {}: no such file. Expected a .safetensors file, the index of "
                  "a sharded one, a folder that holds either, a run or checkpoint of "
                  "stoker, or OWNER/NAME of a hub.",
                  source));
}

OpenWeights open_weights(const std::string& source) {
  const fs::path path = find_weights(source);
  if (!is_run_or_checkpoint(path)) {
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
  if (!opened.files.empty())
    loaded.preprocessing = weights::preprocessing_beside(opened.files.front());

  for (const auto& [name, tensor] : weights::state_dict(model))
    if (reset && is_of(name, model.head())) loaded.reset.push_back(name);
  FittedWeights fitted = fit_weights(model, std::move(opened.tensors));
  report_fitting(loaded.source, fitted);
  if (reset) {
    std::erase_if(fitted.tensors,
                  [&](const auto& entry) { return is_of(entry.first, model.head()); });
  }
  loaded.tensors = static_cast<int64_t>(fitted.tensors.size());
  loaded.prefix = std::move(fitted.prefix);
  loaded.dialect = std::move(fitted.dialect);
  loaded.left_out = std::move(fitted.left_out);
  loaded.changes = std::move(fitted.changes);
  weights::LoadReport report = weights::load_state_dict(model, fitted.tensors);
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

void check_normalization(const InitialWeights& weights, const kernels::Normalization& used) {
  if (!weights.preprocessing) return;
  const std::vector<double>&mean = weights.preprocessing->mean, &std = weights.preprocessing->std;
  constexpr double kClose = 1e-3;  // of numbers around 1
  bool same = true;
  for (size_t c = 0; c < 3; ++c) {
    const size_t i = std::min(c, mean.size() - 1);
    same = same && std::abs(used.scale[c] * 255 * std[i] - 1) < kClose &&
           std::abs(used.bias[c] * std[i] + mean[i]) < kClose;
  }
  if (same) return;
  log().warn(
      "model.weights: {} learned from images normalised otherwise: write normalize: {{mean: [{}], "
      "std: [{}]}} under augment ({})",
      weights.source, fmt::join(mean, ", "), fmt::join(std, ", "), weights.preprocessing->file);
}

std::string to_json(const InitialWeights& weights) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const WeightFile& file : weights.files) {
    std::error_code error;
    const fs::path absolute = fs::absolute(file.path, error);
    files.push_back(
        {{"path", absolute.string()}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256}});
  }
  const nlohmann::ordered_json json{
      {"source", weights.source},          {"files", files},
      {"prefix", weights.prefix},          {"dialect", weights.dialect},
      {"left_out", weights.left_out},      {"changes", weights.changes},
      {"tensors_loaded", weights.tensors}, {"reset", weights.reset}};
  return json_text(json, 2) + "\n";
}

std::string to_text(const InitialWeights& weights) {
  std::string text = fmt::format("{} tensors of {}", weights.tensors, weights.source);
  if (weights.files.size() == 1) {
    text += fmt::format(" (SHA-256 {}…)", weights.files[0].sha256.substr(0, 12));
  } else {
    text += fmt::format(" ({} files)", weights.files.size());
  }
  if (!weights.dialect.empty()) text += fmt::format("; names of {}", weights.dialect);
  for (const std::string& change : weights.changes) text += "; " + change;
  if (weights.preprocessing) text += "; made for " + weights::to_text(*weights.preprocessing);
  if (!weights.reset.empty()) {
    text += fmt::format("; {} start new (model.head: reset)", fmt::join(weights.reset, ", "));
  }
  return text;
}

}  // namespace stoker::run
