#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stoker::test {

inline std::vector<nlohmann::json> events_of(const std::string& trace, const std::string& name) {
  std::vector<nlohmann::json> found;
  const nlohmann::json parsed = nlohmann::json::parse(trace);
  for (const nlohmann::json& event : parsed.at("traceEvents"))
    if (event.value("name", "") == name) found.push_back(event);
  return found;
}

}  // namespace stoker::test
