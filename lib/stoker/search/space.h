// What a sweep tries: keys with their values, and what holds for every trial.
//
//   const Space space = parse_space({"train.precision=fp32,bf16", "train.epochs=3"});
//   space.axes.size();   // 1
//   space.fixed;         // {"train.epochs=3"}
#pragma once

#include <span>
#include <string>
#include <vector>

#include "stoker/config/node.h"
#include "stoker/search/axis.h"

namespace stoker::search {

struct Space {
  std::vector<Axis> axes;          // in the order of writing
  std::vector<std::string> fixed;  // overrides of every trial
};

// The words of a command line. All throw ConfigError, for a key that stands there twice too.
Space parse_space(std::span<const std::string> words);
// The words that a map of a sweep file stands for: `train.batch_size: [64, 128]`,
// `optimizer.lr: log:0.01..1`; a list's items are values whatever they hold.
std::vector<std::string> words_of(const config::Node& map);

// One key's place in a trial.
struct Value {
  std::string key, text;
  bool operator==(const Value&) const = default;
};
// What tells a trial from the others, in the order of the axes.
using Setting = std::vector<Value>;
std::vector<std::string> overrides_of(const Setting& setting);  // "key=text"

}  // namespace stoker::search
