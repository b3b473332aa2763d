// A config that extends another one by some overrides, as a tree to print.
//
//   const Node own = extending("base.yaml", load_files(folder / "base.yaml"),
//   {"optimizer.lr=0.1"}); print_yaml(own);   // extends: base.yaml …
#pragma once

#include <span>
#include <string>

#include "stoker/config/node.h"

namespace stoker::config {

// base: the tree of the file that `path`, as it is to be written, names. Holds the maps on the way
// to each override and its value; of a list that an override leads into, the whole. defaults: as
// with_override(). Throws ConfigError.
Node extending(const std::string& path, const Node& base, std::span<const std::string> overrides,
               const Node& defaults = {});

}  // namespace stoker::config
