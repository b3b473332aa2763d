#include "stoker/core/error.h"
#include "stoker/optim/adam.h"
#include "stoker/optim/optimizer.h"
#include "stoker/optim/sgd.h"

namespace stoker::optim {

const OptimizerTable& optimizers() {
  static const OptimizerTable table{
      OptimizerTable::row<SgdOptions>("sgd", "stochastic gradient descent with momentum", make_sgd),
      OptimizerTable::row<AdamOptions>("adam", "Adam; weight decay goes into the gradient",
                                       make_adam),
      OptimizerTable::row<AdamOptions>("adamw", "Adam with weight decay beside the gradient",
                                       make_adam,
                                       {.decoupled = true, .common = {.weight_decay = 0.01}}),
  };
  return table;
}

const CommonOptions& common_options(const config::Choice& optimizer) {
  if (optimizer.name() == "sgd") return optimizer.as<SgdOptions>().common;
  STOKER_CHECK(optimizer.name() == "adam" || optimizer.name() == "adamw", "optimizer={}",
               optimizer.name());
  return optimizer.as<AdamOptions>().common;
}

}  // namespace stoker::optim
