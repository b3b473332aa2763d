// The gradients of an optimizer in lists of one device and dtype, as the foreach kernels want them.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <vector>

#include "stoker/optim/optimizer.h"

namespace stoker::optim {

inline std::vector<std::vector<at::Tensor>> gradient_lists(const Optimizer& optimizer) {
  std::vector<std::vector<at::Tensor>> lists;
  for (const ParameterGroup& group : optimizer.groups()) {
    for (const auto& [name, parameter] : group.parameters) {
      const at::Tensor& gradient = parameter.grad();
      if (!gradient.defined()) continue;
      auto list = std::find_if(lists.begin(), lists.end(), [&](const auto& candidate) {
        return candidate.front().device() == gradient.device() &&
               candidate.front().scalar_type() == gradient.scalar_type();
      });
      if (list == lists.end()) list = lists.insert(lists.end(), std::vector<at::Tensor>{});
      list->push_back(gradient);
    }
  }
  return lists;
}

}  // namespace stoker::optim
