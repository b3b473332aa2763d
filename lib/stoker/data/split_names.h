// What people call the splits of a data set, the one list of it: train, training; val, valid,
// validation; test, testing. In any case: Train is train.
//
//   split_named("Val") == NamedSplit::kVal;   split_at_end_of("imagenet-train") ==
//   NamedSplit::kTrain
#pragma once

#include <optional>
#include <string_view>

namespace stoker::data {

// In the order in which a set to train on, then one to evaluate on is looked for.
enum class NamedSplit { kTrain, kVal, kTest };

// Which split a folder of this name is; nothing for other names.
std::optional<NamedSplit> split_named(std::string_view name);

// Which split the end of a name says.
std::optional<NamedSplit> split_at_end_of(std::string_view name);

}  // namespace stoker::data
