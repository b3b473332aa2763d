// Stochastic gradient descent with momentum, Nesterov's look-ahead and coupled weight decay, as
// torch.optim.SGD computes it: g += weight_decay * p; v = momentum * v + g;
// p -= lr * (nesterov ? g + momentum * v : v).
#pragma once

#include <memory>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/optim/optimizer.h"

namespace stoker::optim {

struct SgdOptions {
  double lr = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
};
void describe(SgdOptions& options, config::Fields& fields);

// Throws ConfigError for nesterov without momentum.
std::unique_ptr<Optimizer> make_sgd(const SgdOptions& options, std::vector<ParameterGroup> groups);

}  // namespace stoker::optim
