// A config file with what it extends and what the command line overrides, as one tree.
//
//   Node tree = load_config("configs/cifar10.yaml", {"train.batch_size=512", "augment.flip.p=0"});
//
// `extends: base.yaml` (or a list, later ones win) stands at the top of a file and is relative to
// it. Maps are merged key by key; lists and words are replaced whole. Where both sides name
// different things (`model: {name: mlp}` over `model: {name: airbench, …}`), nothing of the lower
// one is kept. All throw ConfigError.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "stoker/config/node.h"

namespace stoker::config {

// The tree of a file laid over that of another, each part with its own location.
Node merge(Node lower, const Node& upper);
// The same for what stands under a key, where a differing `name` replaces the whole.
Node merge_values(Node lower, const Node& upper);

// The file and everything it extends; a map.
Node load_files(const std::filesystem::path& path);

// `override` is `a.b=value`; the value is YAML. In a list, a part of the path is an index (one
// past the end appends) or, where items are one-key maps or words, the name of an item. `defaults`
// fills in lists that the tree does not hold but the path leads into.
Node with_override(Node tree, std::string_view override, const Node& defaults = {});

Node load_config(const std::filesystem::path& path, std::span<const std::string> overrides,
                 const Node& defaults = {});

}  // namespace stoker::config
