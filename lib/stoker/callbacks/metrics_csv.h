// The lines of metrics.jsonl as a table with fixed columns.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace stoker::callbacks {

// With the end of the line.
std::string metrics_csv_header();
// Cells that the record lacks stay empty.
std::string metrics_csv_row(const nlohmann::ordered_json& record);
// The whole table of a metrics.jsonl; lines that are no objects are left out.
std::string metrics_csv(const std::string& jsonl);

}  // namespace stoker::callbacks
