#include "stoker/run/option_check.h"

#include "stoker/core/error.h"
#include "stoker/data/table.h"
#include "stoker/run/budget.h"
#include "stoker/run/local_steps.h"
#include "stoker/run/pipelining.h"
#include "stoker/run/sharding.h"
#include "stoker/run/task.h"

namespace stoker::run {

namespace {

void check_average(const RunConfig& config) {
  if (!config.eval.average) return;
  throw ConfigError(
      "eval.average: a training evaluates the average of algorithms.ema.decay: leave the key to "
      "`stoker eval` and `stoker predict`.");
}

// What is counted: images of a class, or with several labels an image those that have a label.
void check_balanced_loss(const RunConfig& config) {
  const bool is_multilabel = config.task == Task::kMultilabel;
  const auto& listed = is_multilabel ? config.train.positive_weights : config.train.class_weights;
  if (!config.train.balanced_loss || listed.empty()) return;
  throw ConfigError(
      fmt::format("train.balanced_loss: true counts the images by itself; leave train.{} out.",
                  is_multilabel ? "positive_weights" : "class_weights"));
}

void check_training(const train::TrainOptions& options) {
  optim::check_clipping(options.clip);
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
  check_task(config);
  data::check_options(data_options(config));
  check_training(config.train);
  check_balanced_loss(config);
  check_budgets(config);
  check_sharding(config);
  check_pipeline(config);
  check_local_steps(config);
  check_average(config);
}

}  // namespace stoker::run
