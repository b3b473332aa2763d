// Things that change the training, chosen under `algorithms:` in a config.
//
//   algorithms:
//     - ema: {decay: 0.999}
#pragma once

#include <memory>

#include "stoker/algorithms/distillation.h"
#include "stoker/config/choice.h"
#include "stoker/train/events.h"
#include "stoker/train/feed.h"

namespace stoker::algorithms {

// What an algorithm may work with.
struct AlgorithmContext {
  train::State& state;  // outlives it
  // What training sees. Without a data set where a configuration is only looked at.
  train::Source train = {};
  train::Precision precision = train::Precision::kFp32;
  // Of `distillation`; none where a configuration is only looked at.
  std::shared_ptr<const Teacher> teacher = nullptr;
};

using AlgorithmTable = config::Table<std::unique_ptr<train::Algorithm>(const AlgorithmContext&)>;
const AlgorithmTable& algorithms();

}  // namespace stoker::algorithms
