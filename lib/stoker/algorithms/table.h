// Things that change the training, chosen under `algorithms:` in a config.
//
//   algorithms:
//     - ema: {decay: 0.999}
#pragma once

#include <memory>

#include "stoker/config/choice.h"
#include "stoker/train/events.h"

namespace stoker::algorithms {

using AlgorithmTable = config::Table<std::unique_ptr<train::Algorithm>(train::State&)>;
const AlgorithmTable& algorithms();

}  // namespace stoker::algorithms
