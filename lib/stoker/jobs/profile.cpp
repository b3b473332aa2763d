#include "stoker/jobs/profile.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "stoker/bench/clock.h"
#include "stoker/run/session.h"
#include "stoker/run/throwaway.h"
#include "stoker/runs/layout.h"
#include "stoker/train/checkpoint_writer.h"
#include "stoker/train/evaluate.h"
#include "stoker/train/saver.h"
#include "stoker/train/snapshot.h"

namespace stoker::jobs {

namespace {

constexpr int64_t kEvaluationBatches = 2;

double run_steps(run::ThrowawayTraining& training, train::Feed& feed, int64_t steps) {
  const Stopwatch watch;
  for (int64_t i = 0; i < steps; ++i) {
    bench::check_interrupt();
    training.step().run(training.state(), feed, training.events());
  }
  training.step().read_losses(training.state().position);
  bench::wait_for(training.state().facts.device);
  return watch.elapsed_s();
}

// Of at most two batches; how many images that were.
int64_t evaluate_some(run::Session& session) {
  const trace::Span span(trace::Stage::kEvaluate);
  const int64_t views = session.val.loader.repeats;
  const int64_t images =
      std::min(session.val.dataset->size(),
               kEvaluationBatches * std::max<int64_t>(session.config.eval.batch_size / views, 1));
  train::evaluate(*session.model, session.val,
                  {.device = session.device,
                   .batch_size = session.config.eval.batch_size,
                   .precision = session.config.train.precision,
                   .loss = session.config.train.loss,
                   .max_images = images,
                   .doing = "evaluation"});
  return images;
}

void save(run::Session& session, train::State& state, const std::filesystem::path& folder) {
  train::CheckpointStore store(real_file_system(), folder / runs::kCheckpointsFolder);
  store.create();
  train::CheckpointWriter writer(store, train::keep_of(session.config.checkpoint));
  writer.start(state.position.step, train::capture(state, session.algorithms));
  const auto result = writer.wait();
  if (result && result->error) std::rethrow_exception(result->error);
}

// The ranges that lie within a span of time; the others belong to what came before or after.
std::array<StageRow, trace::kStages> rows_of(const std::vector<trace::Thread>& threads,
                                             int64_t begin_ns, int64_t end_ns) {
  std::array<StageRow, trace::kStages> rows{};
  for (size_t i = 0; i < rows.size(); ++i) rows[i].stage = static_cast<trace::Stage>(i);
  for (const trace::Thread& thread : threads) {
    std::set<trace::Stage> seen;
    for (const trace::Range& range : thread.ranges) {
      if (range.begin_ns < begin_ns || range.end_ns > end_ns) continue;
      StageRow& row = rows[static_cast<size_t>(range.stage)];
      ++row.count;
      row.total_s += 1e-9 * static_cast<double>(range.end_ns - range.begin_ns);
      if (seen.insert(range.stage).second) ++row.threads;
    }
  }
  return rows;
}

}  // namespace

Profile profile_training(const run::RunConfig& config, const ProfileOptions& options) {
  run::Session session = run::build_session(config);
  Profile profile{.subject = subject_of(session), .steps = options.steps};
  run::ThrowawayTraining training(session, [](int64_t) { return 1e-6; });
  int64_t begin_ns = 0, end_ns = 0;
  {
    train::Feed feed = training.feed();
    run_steps(training, feed, options.warmup_steps);
    profile.plain_s = run_steps(training, feed, options.steps);
    bench::Profiler profiler(session.device);
    begin_ns = trace::now_ns();
    profile.profiled_s = run_steps(training, feed, options.steps);
    end_ns = trace::now_ns();
    if (session.val.dataset) profile.evaluated_images = evaluate_some(session);
    save(session, training.state(), options.folder);
    profile.recording = profiler.stop(options.folder, {begin_ns, end_ns});
  }
  const std::vector<trace::Thread>& threads = profile.recording.threads;
  for (const trace::Thread& thread : threads) profile.left_out += thread.left_out;
  for (const StageRow& row : rows_of(threads, begin_ns, end_ns))
    if (row.count > 0) profile.stages.push_back(row);
  const auto after = rows_of(threads, end_ns, INT64_MAX);
  profile.evaluation = after[static_cast<size_t>(trace::Stage::kEvaluate)];
  profile.snapshot = after[static_cast<size_t>(trace::Stage::kSnapshot)];
  profile.checkpoint = after[static_cast<size_t>(trace::Stage::kCheckpoint)];
  return profile;
}

}  // namespace stoker::jobs
