#include "stoker/optim/optimizer.h"

namespace stoker::optim {

OptimizerTable::Row sgd_row();              // sgd.cpp
OptimizerTable::Rows adam_rows();           // adam.cpp
OptimizerTable::Rows rmsprop_rows();        // rmsprop.cpp
OptimizerTable::Rows nadam_rows();          // nadam.cpp
OptimizerTable::Rows radam_rows();          // radam.cpp
OptimizerTable::Rows lion_rows();           // lion.cpp
OptimizerTable::Rows lamb_rows();           // lamb.cpp
OptimizerTable::Rows lars_rows();           // lars.cpp
OptimizerTable::Rows adafactor_rows();      // adafactor.cpp
OptimizerTable::Rows schedule_free_rows();  // schedule_free.cpp
OptimizerTable::Rows muon_rows();           // muon.cpp

namespace {

OptimizerTable::Rows plain_rows() {
  return OptimizerTable::joined({{sgd_row()},
                                 adam_rows(),
                                 rmsprop_rows(),
                                 nadam_rows(),
                                 radam_rows(),
                                 lion_rows(),
                                 lamb_rows(),
                                 lars_rows(),
                                 adafactor_rows(),
                                 schedule_free_rows()});
}

// Rows have defaults of their own for CommonOptions, not for what stands in place of them.
OptimizerTable inner_table(OptimizerTable::Rows rows) {
  for (OptimizerTable::Row& row : rows) row.alternative.common_defaults.reset();
  return OptimizerTable(rows, config::common<InnerOptions>());
}

}  // namespace

const OptimizerTable& optimizers() {
  static const OptimizerTable table(OptimizerTable::joined({plain_rows(), muon_rows()}),
                                    config::common<CommonOptions>());
  return table;
}

const OptimizerTable& group_optimizers() {
  static const OptimizerTable table =
      inner_table(OptimizerTable::joined({plain_rows(), muon_rows()}));
  return table;
}

const OptimizerTable& plain_optimizers() {
  static const OptimizerTable table = inner_table(plain_rows());
  return table;
}

}  // namespace stoker::optim
