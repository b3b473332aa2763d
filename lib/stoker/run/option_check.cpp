#include "stoker/run/option_check.h"

#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "stoker/run/budget.h"
#include "stoker/run/sharding.h"

namespace stoker::run {

namespace {

void check_average(const RunConfig& config) {
  if (!config.eval.average) return;
  throw ConfigError(
      "eval.average: a training evaluates the average of algorithms.ema.decay: leave the key to "
      "`stoker eval` and `stoker predict`.");
}

void check_training(const train::TrainOptions& options) {
  optim::check_clipping(options.clip);
  if (options.balanced_loss && !options.class_weights.empty()) {
    throw ConfigError(
        "train.balanced_loss: true counts the images by itself; leave train.class_weights out.");
  }
  const train::EarlyStoppingOptions& stopping = options.early_stopping;
  if (stopping.min_delta > 0 && !stopping.patience) {
    throw ConfigError(
        "train.early_stopping.min_delta stops nothing by itself: expected "
        "train.early_stopping.patience as well, such as 5, the evaluations that may pass without "
        "getting better by so much.");
  }
}

}  // namespace

void check_options(const RunConfig& config) {
  data::check_options(config.data);
  check_training(config.train);
  check_budgets(config);
  check_sharding(config);
  check_average(config);
}

}  // namespace stoker::run
