// Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2), as
// torch.optim.Adam and torch.optim.AdamW compute them.
#pragma once

#include <memory>
#include <vector>

#include "stoker/config/fields.h"
#include "stoker/optim/optimizer.h"

namespace stoker::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  bool decoupled = false;  // weight decay beside the gradient, not in it; the row's name says it
};
void describe(AdamOptions& options, config::Fields& fields);

// Throws ConfigError for a beta of 1.
std::unique_ptr<Optimizer> make_adam(const AdamOptions& options,
                                     std::vector<ParameterGroup> groups);

}  // namespace stoker::optim
