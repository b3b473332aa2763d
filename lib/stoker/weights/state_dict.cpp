#include "stoker/weights/state_dict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>
#include <set>

#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker::weights {
namespace {

void collect(const torch::nn::Module& module, const std::string& prefix, NamedTensors& tensors) {
  for (const auto& entry : module.named_parameters(/*recurse=*/false)) {
    tensors.emplace_back(prefix + entry.key(), entry.value());
  }
  for (const auto& entry : module.named_buffers(/*recurse=*/false)) {
    tensors.emplace_back(prefix + entry.key(), entry.value());
  }
  for (const auto& child : module.named_children()) {
    collect(*child.value(), prefix + child.key() + ".", tensors);
  }
}

void append_list(std::string& text, std::string_view title, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text += fmt::format("{}{} ({}):", text.empty() ? "" : "\n", title, names.size());
  for (const std::string& name : names) text += "\n  " + name;
}

// "fc.weight, where the file has head.fc.weight"
std::vector<std::string> with_nearest(std::vector<std::string> missing,
                                      const std::vector<std::string>& unexpected) {
  constexpr size_t kMost = 30;  // each is compared with all
  const std::vector<std::string_view> words(unexpected.begin(), unexpected.end());
  for (size_t i = 0; i < std::min(missing.size(), kMost); ++i) {
    const std::string_view near = nearest(missing[i], words);
    if (!near.empty()) missing[i] += fmt::format(", where the file has {}", near);
  }
  return missing;
}

}  // namespace

NamedTensors state_dict(const torch::nn::Module& module) {
  NamedTensors tensors;
  collect(module, "", tensors);
  return tensors;
}

std::string LoadReport::message() const {
  std::string text;
  append_list(text, "missing in the file", with_nearest(missing, unexpected));
  append_list(text, "unexpected in the file", unexpected);
  append_list(text, "of another shape", misshapen);
  return text;
}

LoadReport load_state_dict(torch::nn::Module& module, const NamedTensors& tensors) {
  std::map<std::string_view, const at::Tensor*> given;
  for (const auto& [name, tensor] : tensors) {
    STOKER_CHECK(given.emplace(name, &tensor).second, "{} is given twice", name);
  }
  const torch::NoGradGuard no_grad;
  LoadReport report;
  std::set<std::string_view> known;
  const NamedTensors own = state_dict(module);
  for (const auto& [name, tensor] : own) {
    known.insert(name);
    const auto found = given.find(name);
    if (found == given.end()) {
      if (!name.ends_with("num_batches_tracked")) report.missing.push_back(name);
    } else if (found->second->sizes() != tensor.sizes()) {
      report.misshapen.push_back(fmt::format("{}: file [{}], model [{}]", name,
                                             fmt::join(found->second->sizes(), ", "),
                                             fmt::join(tensor.sizes(), ", ")));
    } else {
      at::Tensor target = tensor;
      target.copy_(*found->second);
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!known.contains(name)) report.unexpected.push_back(name);
  }
  return report;
}

}  // namespace stoker::weights
