#include "stoker/train/early_stopping.h"

#include "stoker/train/metric_names.h"

namespace stoker::train {

void note_evaluation(Position& position, double value, const EarlyStoppingOptions& options,
                     bool lower_is_better) {
  const double least =
      position.best_monitored + (lower_is_better ? -options.min_delta : options.min_delta);
  if (is_better(value, least, lower_is_better)) {
    position.best_monitored = value;
    position.evaluations_since_best = 0;
  } else {
    ++position.evaluations_since_best;
  }
}

bool has_waited_enough(const Position& position, const EarlyStoppingOptions& options) {
  return options.patience && position.evaluations_since_best >= *options.patience;
}

}  // namespace stoker::train
