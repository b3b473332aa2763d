#include "stoker/callbacks/metrics_csv.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "stoker/callbacks/columns.h"
#include "stoker/runs/metrics_lines.h"

namespace stoker::callbacks {

namespace {
// Those of training first, then what only evaluations have, then what only changes of memory do.
const std::vector<std::string_view>& names() {
  static const std::vector<std::string_view> list = [] {
    std::vector<std::string_view> all;
    for (const auto columns : {train_columns(), eval_columns(), memory_columns()}) {
      for (const Column& column : columns) {
        if (std::ranges::count(all, column.name) > 0) continue;
        all.push_back(column.name);
        if (column.name == "step") all.push_back("split");
      }
    }
    return all;
  }();
  return list;
}
}  // namespace

std::string metrics_csv_header() {
  std::string line;
  for (const std::string_view column : names()) {
    line += line.empty() ? "" : ",";
    line += column;
  }
  return line + "\n";
}

std::string metrics_csv_row(const nlohmann::ordered_json& record) {
  std::string line;
  for (const std::string_view column : names()) {
    if (column != names().front()) line += ',';
    const auto found = record.find(column);
    if (found == record.end() || found->is_null()) continue;
    line += found->is_string() ? found->get<std::string>() : found->dump();
  }
  return line + "\n";
}

std::string metrics_csv(const std::string& jsonl) {
  std::string table = metrics_csv_header();
  for (const auto& record : runs::metrics_objects(jsonl)) table += metrics_csv_row(record);
  return table;
}

}  // namespace stoker::callbacks
