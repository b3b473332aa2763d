#include "stoker/weights/foreign_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stoker::weights {
namespace {

// DistributedDataParallel and DataParallel, torch.compile, Lightning, checkpoints that were
// flattened with the key that held the weights, networks that taught and learned.
constexpr std::array<std::string_view, 8> kPrefixes{"module.",     "_orig_mod.",        "model.",
                                                    "state_dict.", "model_state_dict.", "student.",
                                                    "teacher.",    "backbone."};

bool all_begin_with(const NamedTensors& tensors, std::string_view prefix) {
  return std::all_of(tensors.begin(), tensors.end(),
                     [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

}  // namespace

PlainNames without_wrappers(NamedTensors tensors, const std::set<std::string>& model_names) {
  PlainNames plain{.tensors = std::move(tensors)};
  const auto removable = [&](std::string_view prefix) {
    return !plain.tensors.empty() && all_begin_with(plain.tensors, prefix) &&
           std::none_of(model_names.begin(), model_names.end(),
                        [&](const std::string& name) { return name.starts_with(prefix); });
  };
  for (auto prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(), removable);
       prefix != kPrefixes.end();
       prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(), removable)) {
    for (auto& [name, tensor] : plain.tensors) name.erase(0, prefix->size());
    plain.prefix += *prefix;
  }
  return plain;
}

}  // namespace stoker::weights
