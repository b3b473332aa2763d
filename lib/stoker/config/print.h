// A tree of values as YAML or JSON.
//
//   Node tree = to_node(fields, loaded.provenance);
//   print_yaml(tree, {.provenance = true});   // lr: 0.8        # configs/cifar10.yaml:12
//   print_yaml(tree);                         // reads back to the same values
//   print_json(tree);
#pragma once

#include <string>

#include "stoker/config/node.h"

namespace stoker::config {

struct PrintOptions {
  bool provenance = false;  // each value's origin as a comment: `file:line`, `override`, `default`
};

std::string print_yaml(const Node& tree, const PrintOptions& options = {});
// One value on one line: `[1, 2]`, `{name: sgd, lr: 0.1}`.
std::string print_flow(const Node& value);
// Two spaces of indentation; plain words become numbers, truth values and null as YAML 1.2 has it.
std::string print_json(const Node& tree);

}  // namespace stoker::config
