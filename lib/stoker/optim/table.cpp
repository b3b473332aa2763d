#include "stoker/optim/optimizer.h"

namespace stoker::optim {

OptimizerTable::Row sgd_row();     // sgd.cpp
OptimizerTable::Rows adam_rows();  // adam.cpp

const OptimizerTable& optimizers() {
  static const OptimizerTable table(OptimizerTable::joined({{sgd_row()}, adam_rows()}),
                                    config::common<CommonOptions>());
  return table;
}

}  // namespace stoker::optim
