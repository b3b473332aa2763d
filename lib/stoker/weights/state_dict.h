// A module's parameters and buffers by name, in torch's order and naming.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "stoker/weights/safetensors.h"

namespace stoker::weights {

// Live (not copies): of each module its parameters, its buffers, then its children, as Python's
// state_dict has them.
NamedTensors state_dict(const torch::nn::Module& module);

struct LoadReport {
  std::vector<std::string> missing;     // in the module, not in the file
  std::vector<std::string> unexpected;  // in the file, not in the module
  std::vector<std::string> misshapen;   // "fc.weight: file [1000, 512], model [10, 512]"
  bool ok() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }
  std::string message() const;  // in full, one a line
};

// Copies what fits by name (casting dtypes) and reports the rest. num_batches_tracked may be
// absent. Throws InternalError for a name given twice.
LoadReport load_state_dict(torch::nn::Module& module, const NamedTensors& tensors);

}  // namespace stoker::weights
