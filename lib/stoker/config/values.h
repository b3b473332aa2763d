// Values of options as text and as a tree, and where each of them came from.
//
//   Node tree = to_node(fields, provenance);   // every option, defaults too
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "stoker/config/choice.h"
#include "stoker/config/fields.h"
#include "stoker/config/node.h"

namespace stoker::config {

// Key path ("optimizer.groups.0.match", "augment.1.flip.p", "optimizer.name") to the place in a
// file or the override that set it. What is not in it is a default.
using Provenance = std::map<std::string, Location, std::less<>>;

// "a" and "b" as "a.b"; an empty part adds nothing.
std::string join_path(std::string_view path, std::string_view key);

// The values that the fields now have, each leaf with its location by `provenance`.
Node to_node(const Fields& fields, const Provenance& provenance = {});
// The same of one field whose key path is `path`.
Node to_node(const Field& field, const Provenance& provenance, const std::string& path);

// Shortest text that reads back as the same number, with a point where there is an exponent
// (1.0e-05), so that YAML 1.1 readers take it for a number too.
std::string number_text(double value);

// Numbers as YAML 1.2 and JSON have them; nothing for text, infinities, NaN and what overflows.
std::optional<double> parse_number(std::string_view text);
// Whole numbers, also as 1e3 or 5.0 where that is exact; no leading zeros.
std::optional<int64_t> parse_integer(std::string_view text);

}  // namespace stoker::config
