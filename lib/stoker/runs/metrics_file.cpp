#include "stoker/runs/metrics_file.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "stoker/core/file.h"
#include "stoker/runs/metrics_lines.h"

namespace stoker::runs {

std::optional<double> MetricsRecord::value(std::string_view key) const {
  const auto found = values.find(key);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<nlohmann::ordered_json> parse_metrics_object(std::string_view line) {
  auto json = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto step = json.find("step");
  if (step == json.end() || !step->is_number_integer()) return std::nullopt;
  return json;
}

std::vector<nlohmann::ordered_json> metrics_objects(const std::string& text) {
  std::vector<nlohmann::ordered_json> objects;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (auto object = parse_metrics_object(line)) objects.push_back(std::move(*object));
  }
  return objects;
}

std::optional<MetricsRecord> parse_metrics_line(std::string_view line) {
  const auto json = parse_metrics_object(line);
  if (!json) return std::nullopt;
  MetricsRecord record{.step = json->at("step"), .split = {}, .values = {}};
  for (const auto& [key, value] : json->items()) {
    if (key == "split" && value.is_string()) record.split = value;
    if (key != "step" && value.is_number()) record.values.emplace(key, value);
  }
  return record;
}

std::vector<MetricsRecord> read_metrics(const std::filesystem::path& path) {
  std::vector<MetricsRecord> records;
  if (!std::filesystem::exists(path)) return records;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (auto record = parse_metrics_line(line)) records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace stoker::runs
