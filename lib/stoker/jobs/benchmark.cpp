#include "stoker/jobs/benchmark.h"

#include <fmt/format.h>

#include <algorithm>

#include "stoker/core/cpu.h"
#include "stoker/machine/memory.h"
#include "stoker/models/flops.h"
#include "stoker/ops/memory_meter.h"
#include "stoker/run/session.h"
#include "stoker/run/throwaway.h"

namespace stoker::jobs {

namespace {

// Steps with a rate that moves no weights to where losses are not finite.
class Steps {
 public:
  explicit Steps(run::Session& session) : training_(session, [](int64_t) { return 1e-6; }) {}

  bench::StepRate on_synthetic(double seconds) {
    if (!batch_) {
      train::Feed feed = training_.feed();
      const ops::TensorBatch real = feed.next().value();
      // Copies, which may outlive their feed.
      batch_ = std::make_unique<bench::RepeatedBatch>(
          ops::TensorBatch{real.images.clone(), real.labels.clone()});
    }
    return measure(*batch_, seconds);
  }
  bench::StepRate on_real(double seconds) {
    train::Feed feed = training_.feed();
    return measure(feed, seconds);
  }

 private:
  bench::StepRate measure(train::BatchSource& batches, double seconds) {
    return bench::measure_steps(training_.step(), batches, training_.state(), training_.events(),
                                seconds);
  }

  run::ThrowawayTraining training_;
  std::unique_ptr<bench::RepeatedBatch> batch_;
};

std::vector<int> thread_counts(const BenchmarkOptions& options) {
  if (!options.threads.empty()) return options.threads;
  std::vector<int> counts;
  for (int threads = 1; threads < usable_cpus(); threads *= 2) counts.push_back(threads);
  counts.push_back(usable_cpus());
  return counts;
}

template <class T, class Value>
T median_by(std::vector<T> all, const Value& value) {
  std::ranges::sort(all, {}, value);
  return all[all.size() / 2];
}

TrainingRatio training_ratio(run::Session& session, const BenchmarkOptions& options) {
  Steps steps(session);
  std::vector<bench::StepRate> synthetic, real;
  std::vector<double> ratios;
  double waited_s = 0, real_s = 0;
  for (int64_t round = 0; round < options.rounds; ++round) {
    synthetic.push_back(steps.on_synthetic(options.seconds));
    real.push_back(steps.on_real(options.seconds));
    ratios.push_back(real.back().images_per_s() / synthetic.back().images_per_s());
    waited_s += real.back().data_wait_s;
    real_s += real.back().time_s;
  }
  return {.synthetic = median_by(synthetic, &bench::StepRate::images_per_s),
          .real = median_by(real, &bench::StepRate::images_per_s),
          .ratio = median_by(ratios, std::identity{}),
          .data_wait = waited_s / real_s,
          .rounds = options.rounds};
}

}  // namespace

BenchmarkSubject subject_of(const run::Session& session) {
  const models::ModelContext& context = session.context;
  return {.model = std::string(session.config.model.name()),
          .precision = train::to_string(session.config.train.precision),
          .device = session.device.str(),
          .input = fmt::format("{}x{}x{}", context.channels, context.height, context.width),
          .batch_size = session.plan().batch_size,
          .microbatch = session.plan().microbatch,
          .images = session.plan().samples,
          .usable_cpus = usable_cpus()};
}

LoaderBenchmark benchmark_loader(const run::RunConfig& config, const BenchmarkOptions& options,
                                 const std::function<void(const std::string&)>& say) {
  run::Session session = run::build_session(config);
  LoaderBenchmark result{.subject = subject_of(session)};
  bench::LoaderRateOptions loader{.device = session.device,
                                  .precision = session.config.train.precision,
                                  .batch_size = session.plan().microbatch};
  if (session.train.dataset->kept_bytes_estimate() > 0) {
    say("the first epoch, which decodes all images for the cache");
    result.first_epoch = bench::measure_pass(session.train, loader);
  }
  for (const int threads : thread_counts(options)) {
    say(fmt::format("the loader with {} thread{}", threads, threads == 1 ? "" : "s"));
    loader.threads = threads;
    result.rates.push_back(bench::measure_loader(session.train, loader, options.seconds));
  }
  if (options.trains) {
    say("training on a batch in memory and on the data set, in turn");
    result.training = training_ratio(session, options);
  }
  return result;
}

StepBenchmark benchmark_step(const run::RunConfig& config, const BenchmarkOptions& options) {
  run::Session session = run::build_session(config);
  const int64_t forward_flops = models::forward_flops(*session.model, session.context);
  StepBenchmark result{.subject = subject_of(session),
                       .flops_per_image = 3 * static_cast<double>(forward_flops)};
  for (const at::Tensor& parameter : session.model->parameters()) {
    result.parameters += parameter.numel();
  }
  ops::reset_peak(session.device);
  Steps steps(session);
  result.rate = steps.on_synthetic(options.seconds);
  result.memory_gib = machine::memory_gib(session.device);
  result.peak_tensor_bytes = ops::device_memory(session.device).peak_bytes;
  return result;
}

}  // namespace stoker::jobs
