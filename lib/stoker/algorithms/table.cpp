#include "stoker/algorithms/table.h"

#include "stoker/algorithms/ema.h"

namespace stoker::algorithms {

const AlgorithmTable& algorithms() {
  static const AlgorithmTable table{
      AlgorithmTable::row<EmaOptions>(
          "ema", "evaluate and save an exponential moving average of the weights", make_ema),
  };
  return table;
}

}  // namespace stoker::algorithms
