// The spellings of other tools: what torchvision, Hugging Face's transformers and the papers' own
// code call the tensors of networks that are named as in timm here.
//
//   Translation t = translate(std::move(tensors), names_of_the_model);
//   t.dialect;   // "torchvision's ViT"; "" where the names are the model's
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/weights/name_rules.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::weights {

struct Dialect {
  std::string_view name;
  std::string_view prefix;  // that names may have before what the rules look at
  std::vector<NameRule> rules;
};
const std::vector<Dialect>& dialects();

struct Translation {
  NamedTensors tensors;
  std::string_view dialect;
  std::vector<std::string> left_out;  // what the dialect's networks have beside their weights
};

// Renames by the dialect whose names are most those of the model, where they are more so than as
// they stand. Names without a rule stay as they are. Where the model has one tensor for queries,
// keys and values (….qkv.…) and the dialect three (….q.…), they are joined.
Translation translate(NamedTensors tensors, const std::set<std::string>& model_names);

struct Respelling {
  NamedTensors tensors;
  std::vector<std::string> unknown;  // names of the model that the dialect has nothing for
};

// The other way: a model's tensors under the names, and in the shapes, that networks of the dialect
// of this name have, with what they keep beside their weights. Throws InternalError for a name that
// no dialect has.
Respelling spelled_as(const NamedTensors& tensors, std::string_view dialect);

}  // namespace stoker::weights
