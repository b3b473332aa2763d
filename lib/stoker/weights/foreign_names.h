// Prefixes that other tools put before all names of a state dict. Where the names themselves differ
// see dialects.h.
//
//   PlainNames plain = without_wrappers(read_weights(path), names_of_the_model);
//   plain.prefix;  // "module." of DistributedDataParallel, "state_dict.model." of Lightning, …
#pragma once

#include <set>
#include <string>

#include "stoker/weights/safetensors.h"

namespace stoker::weights {

struct PlainNames {
  NamedTensors tensors;
  std::string prefix;  // what was taken off each name; mostly ""
};

// Takes off known prefixes (module., _orig_mod., model., state_dict., model_state_dict., student.,
// teacher., backbone.), one after the other, as long as all names begin with the same one and no
// name of the model does.
PlainNames without_wrappers(NamedTensors tensors, const std::set<std::string>& model_names);

}  // namespace stoker::weights
