// Keys of a configuration: all of them, for completion in a shell, and by their last part, for
// words that were given as options of the command line: `--epochs 3` wants `train.epochs=3`.
//
//   keys_named(fields_of(config), "batch-size");  // {"train.batch_size", "eval.batch_size"}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stoker/config/fields.h"

namespace stoker::config {

struct Key {
  std::string path;                 // "optimizer.lr", "augment.flip.p"
  std::vector<std::string> values;  // the words that it may be; empty: not a matter of words
  bool operator==(const Key&) const = default;
};

// Every key that an override may set, once, in the order of the description: those of all rows of a
// table, and of the steps of a list by the step's name.
std::vector<Key> keys(const Fields& fields);

// The keys that are `word`, or whose last part it is, in the order of their description; - stands
// for _. Where there are none, those of the nearest spelling. Options within lists are left out.
std::vector<std::string> keys_named(const Fields& fields, std::string_view word);

}  // namespace stoker::config
