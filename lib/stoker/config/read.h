// Reads a tree into described structs.
//
//   Fields fields;
//   describe(options, fields);
//   Provenance provenance = read_fields(tree, fields);
//
// Every mistake of the whole tree is found before one ConfigError lists them all, a line each:
//   configs/a.yaml:12: optimizer.momentmu: unknown key; did you mean `momentum`?
// The struct is then half read and of no use.
#pragma once

#include "stoker/config/fields.h"
#include "stoker/config/node.h"
#include "stoker/config/values.h"

namespace stoker::config {

Provenance read_fields(const Node& tree, Fields& fields);

}  // namespace stoker::config
