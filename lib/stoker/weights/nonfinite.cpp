#include "stoker/weights/nonfinite.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>

namespace stoker::weights {

std::vector<std::string> nonfinite_names(const NamedTensors& tensors, int64_t most_values) {
  const at::NoGradGuard no_grad;
  std::vector<std::string> names;
  std::vector<at::Tensor> finite;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || tensor.numel() > most_values) continue;
    names.push_back(name);
    finite.push_back(at::isfinite(tensor.detach()).all());
  }
  if (finite.empty()) return {};
  const at::Tensor all = at::stack(finite).cpu();
  const bool* is_finite = all.const_data_ptr<bool>();
  std::vector<std::string> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!is_finite[i]) found.push_back(std::move(names[i]));
  }
  return found;
}

std::string some_names(const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    text += (text.empty() ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

}  // namespace stoker::weights
