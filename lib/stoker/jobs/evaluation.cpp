#include "stoker/jobs/evaluation.h"

#include "stoker/core/clock.h"
#include "stoker/data/relabelled.h"
#include "stoker/jobs/trained_model.h"
#include "stoker/models/fold.h"
#include "stoker/run/build.h"
#include "stoker/run/load.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "stoker/train/evaluate.h"

namespace stoker::jobs {

namespace {

EvaluationResult evaluate_as(dist::Group& group, const std::filesystem::path& path,
                             std::span<const std::string> overrides, data::Split split,
                             const std::function<void(int64_t, int64_t)>& on_progress) {
  const TrainedModel trained = load_trained_model(path, overrides, group.local_rank());
  models::fold_branches(*trained.model);
  train::Source source = run::evaluation_source(trained.config, split);
  source.dataset = data::relabel(source.dataset, trained.class_names);

  EvaluationResult result{
      .checkpoint = trained.checkpoint, .step = trained.step, .class_names = trained.class_names};
  hear(group);
  const Stopwatch watch;
  const train::Evaluation evaluation = train::evaluate(
      *trained.model, source,
      {.device = trained.device,
       .batch_size = trained.config.eval.batch_size,
       .precision = trained.config.train.precision,
       .loss = trained.config.train.loss,
       .threshold = trained.config.eval.threshold,
       .may_shrink = trained.config.memory.microbatch != train::MicrobatchMode::kFixed,
       .group = &group,
       .on_progress = trained.config.log.progress ? on_progress : nullptr});
  train::warn_of_unreadable("evaluation", evaluation.unreadable);
  result.metrics = evaluation.metrics;
  result.unreadable_count = evaluation.unreadable.count;
  result.time_s = watch.elapsed_s();
  return result;
}

}  // namespace

EvaluationResult run_evaluation(const std::filesystem::path& path,
                                std::span<const std::string> overrides, data::Split split,
                                const std::function<void(int64_t, int64_t)>& on_progress,
                                const RankOptions& ranks) {
  const std::filesystem::path checkpoint = runs::resolve_checkpoint(path, /*prefer_best=*/true);
  const run::RunConfig config =
      run::load_run_config(checkpoint / runs::kConfigFile, overrides).options;
  return with_ranks(ranks, config, [&](dist::Group& group) {
    return evaluate_as(group, checkpoint, overrides, split,
                       group.is_first() ? on_progress : nullptr);
  });
}

}  // namespace stoker::jobs
