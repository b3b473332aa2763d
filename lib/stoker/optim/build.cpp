#include "stoker/optim/build.h"

#include <utility>

#include "stoker/optim/composite.h"

namespace stoker::optim {

std::unique_ptr<Optimizer> build_optimizer(const config::Choice& choice,
                                           std::vector<ParameterGroup> groups) {
  std::vector<ParameterGroup> own, others;
  for (ParameterGroup& group : groups)
    (group.optimizer.empty() ? own : others).push_back(std::move(group));
  std::unique_ptr<Optimizer> main = optimizers().build(choice, std::move(own));
  if (others.empty()) return main;
  std::vector<std::unique_ptr<Optimizer>> parts;
  parts.push_back(std::move(main));
  for (ParameterGroup& group : others) {
    const config::Choice other = std::exchange(group.optimizer, {});
    parts.push_back(group_optimizers().build(other, {std::move(group)}));
  }
  return make_composite(std::move(parts));
}

}  // namespace stoker::optim
