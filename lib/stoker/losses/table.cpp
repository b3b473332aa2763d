#include "stoker/losses/loss.h"

namespace stoker::losses {

LossTable::Row cross_entropy_row();         // cross_entropy.cpp
LossTable::Row binary_cross_entropy_row();  // binary_cross_entropy.cpp
LossTable::Row focal_row();                 // focal.cpp
LossTable::Row poly1_row();                 // poly1.cpp
LossTable::Row asymmetric_row();            // asymmetric.cpp
LossTable::Row sigmoid_focal_row();         // sigmoid_focal.cpp

const LossTable& losses() {
  static const LossTable table{cross_entropy_row(), binary_cross_entropy_row(),
                               focal_row(),         poly1_row(),
                               asymmetric_row(),    sigmoid_focal_row()};
  return table;
}

}  // namespace stoker::losses
