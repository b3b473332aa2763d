// `2..10`, `2..10:4`, `0.1..1/5`, `log:0.01..1`: the ranges of an axis, as text.
#pragma once

#include <optional>
#include <string_view>

#include "stoker/search/axis.h"

namespace stoker::search {

// Nothing for text that is no range, as `../data` is none. `word` is the whole of what was typed,
// for messages. Throws ConfigError for what begins or ends like a range and is none.
std::optional<Range> parse_range(std::string_view text, std::string_view word);

}  // namespace stoker::search
