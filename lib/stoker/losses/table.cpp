#include "stoker/losses/loss.h"

namespace stoker::losses {

LossTable::Row cross_entropy_row();         // cross_entropy.cpp
LossTable::Row binary_cross_entropy_row();  // binary_cross_entropy.cpp

const LossTable& losses() {
  static const LossTable table{cross_entropy_row(), binary_cross_entropy_row()};
  return table;
}

}  // namespace stoker::losses
