// What every model of a config may begin with: weights of another run or tool, a new classifier,
// parameters that stay as they are.
//
//   model: {name: resnet50, weights: resnet50.safetensors, head: reset, freeze: ["^layer[123]\\."]}
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/config/fields.h"

namespace stoker::models {

class Model;

enum class Head { kKeep, kReset };
std::span<const std::string_view> enum_names(Head);  // keep, reset

struct TransferOptions {
  std::optional<std::string> weights;  // a file, a folder, an index of shards, a run
  Head head = Head::kKeep;
  std::vector<std::string> freeze;
};
void describe(TransferOptions& options, config::Fields& fields);

struct FrozenParameters {
  std::vector<std::string> names;  // in the model's order
  int64_t values = 0;
};

// Takes the gradient from each parameter in whose name one of `patterns` (ECMAScript regular
// expressions, searched anywhere) finds something. A batch norm left without a parameter to learn
// keeps its statistics too (nn/batch_norm.h). Throws ConfigError for a bad expression, one that
// finds nothing, and where nothing would be left to train.
FrozenParameters freeze(Model& model, const std::vector<std::string>& patterns);

}  // namespace stoker::models
