// metrics.jsonl line by line, with all that a line holds in its order: for the table of it and for
// comparisons. Whoever wants figures reads them by metrics_file.h.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::runs {

// Nothing for a line that is no object or names no step, as one that was cut short.
std::optional<nlohmann::ordered_json> parse_metrics_object(std::string_view line);

// Of the text of a whole file, without lines as above.
std::vector<nlohmann::ordered_json> metrics_objects(const std::string& text);

}  // namespace stoker::runs
