#include "stoker/jobs/exchange_benchmark.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>
#include <span>

#include "stoker/core/clock.h"
#include "stoker/core/error.h"
#include "stoker/run/agreement.h"
#include "stoker/run/session.h"
#include "stoker/run/throwaway.h"

namespace stoker::jobs {

namespace {

constexpr int64_t kFewest = 5, kMost = 2000;

double median(std::vector<double> times) {
  std::ranges::sort(times);
  return times[times.size() / 2];
}

// How often all ranks do what takes the slowest of them time_s.
int64_t rounds_in(double seconds, double time_s, dist::Group& group) {
  const auto wanted = static_cast<int64_t>(seconds / std::max(time_s, 1e-6));
  int64_t fewer = -std::clamp(wanted, kFewest, kMost);
  group.max(std::span<int64_t>(&fewer, 1));
  return -fewer;
}

void wait_for_all(dist::Group& group) {
  int64_t none = 0;
  group.max(std::span<int64_t>(&none, 1));
}

// Seconds of each of so many rounds, which all ranks begin together.
std::vector<double> time_rounds(dist::Group& group, double seconds,
                                const std::function<void()>& round) {
  round();
  Stopwatch first;
  round();
  const int64_t rounds = rounds_in(seconds, first.elapsed_s(), group);
  std::vector<double> times;
  for (int64_t i = 0; i < rounds; ++i) {
    wait_for_all(group);
    const Stopwatch watch;
    round();
    times.push_back(watch.elapsed_s());
  }
  return times;
}

std::vector<SumRate> measure_sums(dist::Group& group, c10::Device device, double seconds) {
  constexpr int64_t kSmallest = 4 << 10, kLargest = 64 << 20, kFactor = 8;
  std::vector<SumRate> rates;
  const double share = seconds / 6;
  for (int64_t bytes = kSmallest; bytes <= kLargest; bytes *= kFactor) {
    const at::Tensor values = at::zeros({bytes / 4}, at::TensorOptions(at::kFloat).device(device));
    const auto round = [&] {
      group.sum(values);
      if (!device.is_cpu()) values[0].item<float>();
    };
    const auto size = static_cast<double>(group.size());
    const double time_s = median(time_rounds(group, share, round));
    rates.push_back({.bytes = bytes,
                     .time_s = time_s,
                     .bandwidth = 2 * (size - 1) / size * static_cast<double>(bytes) / time_s});
  }
  return rates;
}

void measure_gradients(run::Session& session, double seconds, ExchangeBenchmark& result) {
  dist::Group& group = *session.group;
  weights::NamedTensors parameters;
  for (const auto& item : session.model->named_parameters()) {
    if (!item.value().requires_grad()) continue;
    parameters.emplace_back(item.key(), item.value());
    result.gradient_bytes += static_cast<int64_t>(item.value().nbytes());
  }
  {
    const auto exchange = group.exchange(parameters);
    result.alone_s =
        median(time_rounds(group, seconds, [&] { exchange->finish(dist::Share::kWhole); }));
    for (auto& [name, parameter] : parameters) parameter.mutable_grad() = at::Tensor();
  }
  run::ThrowawayTraining training(session, [](int64_t) { return 1e-6; });
  train::Feed feed = training.feed();
  std::vector<double> waits;
  const auto times = time_rounds(group, seconds, [&] {
    const double before = training.step().exchange_wait_s();
    training.step().run(training.state(), feed, training.events());
    waits.push_back(training.step().exchange_wait_s() - before);
  });
  // The first rounds exchange after the backward pass, or make plans.
  waits.erase(waits.begin(), waits.begin() + 2);
  std::vector<int64_t> least_and_most;  // nanoseconds
  for (const double wait_s : waits) {
    const auto nanoseconds = static_cast<int64_t>(1e9 * wait_s);
    least_and_most.push_back(-nanoseconds);
    least_and_most.push_back(nanoseconds);
  }
  group.max(least_and_most);
  std::vector<double> exposed, skew;
  for (size_t i = 0; i < least_and_most.size(); i += 2) {
    exposed.push_back(-1e-9 * static_cast<double>(least_and_most[i]));
    skew.push_back(1e-9 * static_cast<double>(least_and_most[i] + least_and_most[i + 1]));
  }
  result.exposed_s = median(exposed);
  result.skew_s = median(skew);
  result.step_s = median(times);
}

}  // namespace

ExchangeBenchmark benchmark_exchange(const run::RunConfig& config, double seconds,
                                     const RankOptions& ranks) {
  if (ranks.place.is_alone()) {
    throw ConfigError(
        "`bench allreduce` measures several ranks: start it with --devices N, or by a launcher "
        "such "
        "as torchrun or srun");
  }
  if (config.dist.mesh.pipeline > 1) {
    throw ConfigError(
        "`bench allreduce` measures the exchange of gradients of a whole network: expected "
        "dist.mesh.pipeline=1");
  }
  return with_ranks(ranks, config, [&](dist::Group& group) {
    run::Session session = run::build_session(config, nullptr, group);
    run::check_ranks_agree(session);
    ExchangeBenchmark result{.ranks = group.size(), .text = group.text()};
    result.sums = measure_sums(group, session.device, seconds);
    measure_gradients(session, seconds, result);
    return result;
  });
}

}  // namespace stoker::jobs
