// From a path and overrides to filled structs, in one call.
//
//   config::Loaded<RunConfig> run = config::load<RunConfig>("configs/a.yaml", {"train.epochs=3"});
//   run.options.train.epochs;                                     // 3
//   fmt::print("{}", config::print_yaml(config::values(run), {.provenance = true}));
//
// All throw ConfigError that lists every mistake.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "stoker/config/fields.h"
#include "stoker/config/load.h"
#include "stoker/config/print.h"
#include "stoker/config/read.h"
#include "stoker/config/values.h"

namespace stoker::config {

// The fields of a live struct.
template <Described T>
Fields fields_of(T& options) {
  Fields fields;
  describe(options, fields);
  return fields;
}

template <Described T>
struct Loaded {
  T options;
  Provenance provenance;
};

// The file, what it extends and the overrides, over the defaults of `options`.
template <Described T>
Loaded<T> load(const std::filesystem::path& path, std::span<const std::string> overrides = {},
               T options = {}) {
  Loaded<T> loaded{std::move(options), {}};
  Fields fields = fields_of(loaded.options);
  loaded.provenance = read_fields(load_config(path, overrides, to_node(fields)), fields);
  return loaded;
}

// The overrides alone, over the defaults of `options`: a config without a file.
template <Described T>
Loaded<T> load_overrides(std::span<const std::string> overrides, T options = {}) {
  Loaded<T> loaded{std::move(options), {}};
  Fields fields = fields_of(loaded.options);
  const Node defaults = to_node(fields);
  Node tree;
  for (const std::string& override : overrides)
    tree = with_override(std::move(tree), override, defaults);
  loaded.provenance = read_fields(tree, fields);
  return loaded;
}

// Every option with its location, for print_yaml and print_json.
template <Described T>
Node values(Loaded<T>& loaded) {
  return to_node(fields_of(loaded.options), loaded.provenance);
}

}  // namespace stoker::config
