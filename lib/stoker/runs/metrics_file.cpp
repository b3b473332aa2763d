#include "stoker/runs/metrics_file.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "stoker/core/file.h"

namespace stoker::runs {

std::optional<double> MetricsRecord::value(std::string_view key) const {
  const auto found = values.find(key);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<MetricsRecord> parse_metrics_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto step = json.find("step");
  if (step == json.end() || !step->is_number_integer()) return std::nullopt;
  MetricsRecord record{.step = *step, .split = {}, .values = {}};
  for (const auto& [key, value] : json.items()) {
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
