#include "stoker/callbacks/metrics_csv.h"

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

namespace stoker::callbacks {

namespace {
// A new column goes to the end.
constexpr std::array<std::string_view, 18> kColumns{
    "time_s",        "epoch",   "step",      "split",        "loss",      "lr",
    "top1",          "top5",    "images",    "images_per_s", "data_wait", "memory_gib",
    "skipped_steps", "read_us", "decode_us", "augment_us",   "copy_us",   "ece"};
}  // namespace

std::string metrics_csv_header() {
  std::string line;
  for (const std::string_view column : kColumns) {
    line += line.empty() ? "" : ",";
    line += column;
  }
  return line + "\n";
}

std::string metrics_csv_row(const nlohmann::ordered_json& record) {
  std::string line;
  for (const std::string_view column : kColumns) {
    if (column != kColumns.front()) line += ",";
    const auto found = record.find(column);
    if (found == record.end() || found->is_null()) continue;
    line += found->is_string() ? found->get<std::string>() : found->dump();
  }
  return line + "\n";
}

std::string metrics_csv(const std::string& jsonl) {
  std::string table = metrics_csv_header();
  std::istringstream lines(jsonl);
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object()) table += metrics_csv_row(record);
  }
  return table;
}

}  // namespace stoker::callbacks
