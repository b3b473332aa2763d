// Trees as values of nlohmann's library. For sources only: the header is heavy.
#pragma once

#include <nlohmann/json.hpp>

#include "stoker/config/node.h"

namespace stoker::config {

nlohmann::ordered_json to_json(const Node& node);

// Two spaces of indentation, text by the rule of core/json_text.h, a line feed at the end.
std::string dump(const nlohmann::ordered_json& json);

}  // namespace stoker::config
