#include "stoker/weights/preprocessing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stoker/core/file.h"

namespace stoker::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kLargestBytes = 1'000'000;

json read_json(const fs::path& path) {
  if (!fs::is_regular_file(path)) return {};
  json parsed = json::parse(read_file(path, kLargestBytes), nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() ? parsed : json();
}

std::vector<double> numbers(const json& object, const char* key) {
  std::vector<double> values;
  if (!object.contains(key) || !object[key].is_array()) return values;
  for (const json& value : object[key]) {
    if (!value.is_number()) return {};
    values.push_back(value.get<double>());
  }
  return values;
}

std::optional<Preprocessing> checked(Preprocessing found) {
  const bool positive =
      std::all_of(found.std.begin(), found.std.end(), [](double value) { return value > 0; });
  if (found.mean.empty() || found.mean.size() != found.std.size() || !positive) return std::nullopt;
  return found;
}

std::optional<Preprocessing> timms(const json& config) {
  if (!config.is_object() || !config.contains("pretrained_cfg") ||
      !config["pretrained_cfg"].is_object())
    return std::nullopt;
  const json& said = config["pretrained_cfg"];
  Preprocessing found{.mean = numbers(said, "mean"), .std = numbers(said, "std")};
  if (const auto size = numbers(said, "input_size"); size.size() == 3)
    found.side = static_cast<int64_t>(size[2]);
  if (said.contains("crop_pct") && said["crop_pct"].is_number()) found.crop = said["crop_pct"];
  if (said.contains("interpolation") && said["interpolation"].is_string())
    found.interpolation = said["interpolation"];
  found.file = "config.json";
  return checked(std::move(found));
}

std::optional<Preprocessing> transformers(const json& config) {
  if (!config.is_object()) return std::nullopt;
  Preprocessing found{.mean = numbers(config, "image_mean"), .std = numbers(config, "image_std")};
  const json size = config.value("size", json());
  if (size.is_number_integer()) found.side = size;
  if (size.is_object())
    for (const char* key : {"height", "shortest_edge"})
      if (found.side == 0 && size.contains(key) && size[key].is_number_integer())
        found.side = size[key];
  found.file = "preprocessor_config.json";
  return checked(std::move(found));
}

}  // namespace

std::optional<Preprocessing> preprocessing_beside(const fs::path& weights) {
  const fs::path folder = weights.parent_path();
  if (auto found = timms(read_json(folder / "config.json"))) return found;
  return transformers(read_json(folder / "preprocessor_config.json"));
}

std::string to_text(const Preprocessing& preprocessing) {
  std::string text;
  if (preprocessing.side > 0) text += fmt::format("{} px, ", preprocessing.side);
  if (!preprocessing.interpolation.empty()) text += preprocessing.interpolation + ", ";
  if (preprocessing.crop > 0) text += fmt::format("crop {}, ", preprocessing.crop);
  return text + fmt::format("mean [{}], std [{}] ({})", fmt::join(preprocessing.mean, ", "),
                            fmt::join(preprocessing.std, ", "), preprocessing.file);
}

}  // namespace stoker::weights
