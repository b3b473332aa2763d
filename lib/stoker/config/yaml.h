// YAML text to a tree of nodes, within limits that hold while it is parsed: hostile text ends in a
// ConfigError that names file and line, after work and memory in proportion to the limits.
//
//   Node tree = parse_yaml(text, {.origin = Origin::kFile, .source = "configs/a.yaml"});
//
// A subset of YAML 1.2: one document, keys are words and stand once in a map, aliases are copied,
// no tags, no merge keys. This header's source is the only user of yaml-cpp.
#pragma once

#include <cstddef>
#include <string_view>

#include "stoker/config/node.h"

namespace stoker::config {

struct YamlLimits {
  size_t size_bytes = size_t{1} << 20;
  int depth = 64;
  size_t nodes = 100'000;                 // after aliases are copied
  size_t copied_bytes = size_t{4} << 20;  // of scalars copied by aliases
};

// `source` says where the text is from; nodes of a file get their line and column, those of an
// override its words. Text without content is a null node. Throws ConfigError.
Node parse_yaml(std::string_view text, const Location& source, const YamlLimits& limits = {});

}  // namespace stoker::config
