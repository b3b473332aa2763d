// Names of tensors as another tool writes them, as rules that are data.
//
//   {"encoder.layers.encoder_layer_#.ln_1.", "blocks.#1.norm1."}   // what follows stays
//   {"layers.#.downsample.", "layers.#1+1.downsample."}
//   {"features.#.#.norm", "layers.#1-1/2.blocks.#2.norm"}         // odd numbers alone
//   {"mask_token", ""}                                             // is left out
//   renamed("layers.2.downsample.norm.bias", rules);               //
//   "layers.3.downsample.norm.bias"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stoker::weights {

struct NameRule {
  std::string pattern;  // begins the name; # is a number
  // #1 is the first number; #2+1, #2-1, #2/2 and, from the left, #2-1/2 change the second.
  std::string replacement;
};

// By the first rule that fits; nothing where none does, "" where it says to leave the tensor out.
std::optional<std::string> renamed(std::string_view name, std::span<const NameRule> rules);

// The other way: a name that renamed() makes `name` of, by the first rule that has one. Divisions
// leave no remainder, and a number that the replacement has not is the one before it. Nothing where
// no rule has one.
std::optional<std::string> respelled(std::string_view name, std::span<const NameRule> rules);

}  // namespace stoker::weights
