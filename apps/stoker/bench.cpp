#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/core/json_text.h"
#include "stoker/core/text.h"
#include "stoker/jobs/benchmark.h"
#include "stoker/jobs/exchange_benchmark.h"
#include "stoker/launch/place.h"
#include "stoker/run/load.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

using nlohmann::ordered_json;

std::string rate_text(double images_per_s) {
  if (images_per_s < 100) return fmt::format("{:.1f}", images_per_s);
  return human_count(std::llround(images_per_s));
}

// What a thread spends on an image, by stage, in microseconds.
std::vector<std::pair<const char*, double>> stages_us(const loader::StageTimes& times) {
  const double us = times.samples == 0 ? 0 : 1e6 / static_cast<double>(times.samples);
  return {{"read_us", times.read_s * us},
          {"decode_us", times.decode_s * us},
          {"augment_us", times.augment_s * us},
          {"copy_us", times.copy_s * us}};
}

ordered_json subject_json(const jobs::BenchmarkSubject& subject) {
  return {{"model", subject.model},
          {"input", subject.input},
          {"precision", subject.precision},
          {"device", subject.device},
          {"usable_cpus", subject.usable_cpus},
          {"batch_size", subject.batch_size},
          {"microbatch", subject.microbatch},
          {"images", subject.images}};
}

ordered_json to_json(const bench::LoaderRate& rate) {
  ordered_json json{{"threads", rate.threads},
                    {"images", rate.images},
                    {"time_s", rate.time_s},
                    {"images_per_s", rate.images_per_s()},
                    {"busy", rate.busy()}};
  for (const auto& [name, us] : stages_us(rate.stages)) json[name] = us;
  return json;
}

ordered_json to_json(const bench::StepRate& rate) {
  return {{"steps", rate.steps},
          {"images_per_s", rate.images_per_s()},
          {"step_s", rate.time_s / static_cast<double>(rate.steps)},
          {"data_wait", rate.data_wait_s / rate.time_s}};
}

ordered_json to_json(const jobs::LoaderBenchmark& result) {
  ordered_json json = subject_json(result.subject);
  if (result.first_epoch) json["first_epoch"] = to_json(*result.first_epoch);
  for (const bench::LoaderRate& rate : result.rates) json["loader"].push_back(to_json(rate));
  if (result.training) {
    json["training"] = {{"synthetic", to_json(result.training->synthetic)},
                        {"real", to_json(result.training->real)},
                        {"real_over_synthetic", result.training->ratio},
                        {"data_wait", result.training->data_wait},
                        {"rounds", result.training->rounds}};
  }
  return json;
}

void print_subject(const jobs::BenchmarkSubject& subject) {
  fmt::print("{} images as {}, batches of {}, {}, {}, {} usable CPUs\n",
             human_count(subject.images), subject.input, human_count(subject.microbatch),
             subject.precision, subject.device, subject.usable_cpus);
}

void print_row(const bench::LoaderRate& rate, const std::string& compared) {
  fmt::print("{:>7}  {:>10}  {:>8}  {:>4.0f}%", rate.threads, rate_text(rate.images_per_s()),
             compared, 100 * rate.busy());
  for (const auto& [name, us] : stages_us(rate.stages)) fmt::print("  {:>8.1f}", us);
  fmt::print("\n");
}

void print_table(const jobs::LoaderBenchmark& result) {
  print_subject(result.subject);
  fmt::print("\n{:>7}  {:>10}  {:>8}  {:>5}  {:>38}\n", "", "", "", "",
             "microseconds of a thread an image");
  fmt::print("{:>7}  {:>10}  {:>8}  {:>5}  {:>8}  {:>8}  {:>8}  {:>8}\n", "threads", "images/s", "",
             "busy", "read", "decode", "augment", "copy");
  if (result.first_epoch) print_row(*result.first_epoch, "epoch 1");
  const double first = result.rates.front().images_per_s();
  for (const bench::LoaderRate& rate : result.rates)
    print_row(rate, fmt::format("{:.2f}x", rate.images_per_s() / first));
  if (!result.training) return;
  const jobs::TrainingRatio& training = *result.training;
  fmt::print("\ntraining {}: {} images/s on a batch in memory, {} on the data set: {:.1f}% of it\n",
             result.subject.model, rate_text(training.synthetic.images_per_s()),
             rate_text(training.real.images_per_s()), 100 * training.ratio);
  fmt::print("data wait {:.1f}% of the step time; medians of {} rounds in turn\n",
             100 * training.data_wait, training.rounds);
}

ordered_json to_json(const jobs::ExchangeBenchmark& result) {
  ordered_json json{{"ranks", result.ranks}, {"sums", ordered_json::array()}};
  for (const jobs::SumRate& rate : result.sums) {
    json["sums"].push_back(
        {{"bytes", rate.bytes}, {"time_s", rate.time_s}, {"bytes_per_s", rate.bandwidth}});
  }
  json["gradients"] = {{"bytes", result.gradient_bytes}, {"alone_s", result.alone_s},
                       {"step_s", result.step_s},        {"exposed_s", result.exposed_s},
                       {"skew_s", result.skew_s},        {"hidden", result.hidden()}};
  return json;
}

void print_table(const jobs::ExchangeBenchmark& result) {
  fmt::print("ranks: {}\n\n{:>10}  {:>12}  {:>10}\n", result.text, "sum of", "microseconds",
             "MB/s a rank");
  for (const jobs::SumRate& rate : result.sums) {
    fmt::print("{:>10}  {:>12.0f}  {:>10.0f}\n", human_bytes(static_cast<uint64_t>(rate.bytes)),
               1e6 * rate.time_s, 1e-6 * rate.bandwidth);
  }
  fmt::print(
      "\ngradients of {}: {:.1f} ms alone; a step of {:.1f} ms shows {:.1f} ms of it, {:.0f}% are "
      "hidden behind the backward pass; ranks that are done wait {:.1f} ms for the slowest\n",
      human_bytes(static_cast<uint64_t>(result.gradient_bytes)), 1e3 * result.alone_s,
      1e3 * result.step_s, 1e3 * result.exposed_s, 100 * result.hidden(), 1e3 * result.skew_s);
}

jobs::BenchmarkOptions options_of(const BenchArguments& arguments) {
  return {.seconds = arguments.seconds,
          .rounds = arguments.rounds,
          .threads = arguments.threads,
          .trains = !arguments.no_train};
}

}  // namespace

ExitCode bench_loader(const BenchArguments& arguments) {
  const run::RunConfig config = run::load_run_config(arguments.config, arguments.overrides).options;
  const auto say = [](const std::string& what) { fmt::print(stderr, "measuring {}\n", what); };
  const jobs::LoaderBenchmark result = jobs::benchmark_loader(config, options_of(arguments), say);
  if (arguments.json)
    fmt::print("{}\n", json_text(to_json(result), 2));
  else
    print_table(result);
  return ExitCode::kDone;
}

ExitCode bench_allreduce(const BenchArguments& arguments) {
  const run::RunConfig config = run::load_run_config(arguments.config, arguments.overrides).options;
  const jobs::RankOptions ranks{.place = launch::find_place(launch::process_environment())};
  const jobs::ExchangeBenchmark result = jobs::benchmark_exchange(config, arguments.seconds, ranks);
  if (ranks.place.rank > 0) return ExitCode::kDone;
  if (arguments.json)
    fmt::print("{}\n", json_text(to_json(result), 2));
  else
    print_table(result);
  return ExitCode::kDone;
}

ExitCode bench_step(const BenchArguments& arguments) {
  const run::RunConfig config = run::load_run_config(arguments.config, arguments.overrides).options;
  const jobs::StepBenchmark result = jobs::benchmark_step(config, options_of(arguments));
  const bench::StepRate& rate = result.rate;
  const double step_s = rate.time_s / static_cast<double>(rate.steps);
  if (arguments.json) {
    ordered_json json = subject_json(result.subject);
    json["steps"] = rate.steps;
    json["step_s"] = step_s;
    json["median_step_s"] = rate.median_step_s;
    json["fastest_step_s"] = rate.fastest_step_s;
    json["slowest_step_s"] = rate.slowest_step_s;
    json["images_per_s"] = rate.images_per_s();
    json["parameters"] = result.parameters;
    json["gflops_per_image"] = 1e-9 * result.flops_per_image;
    json["tflops_per_s"] = result.tflops_per_s();
    json["memory_gib"] = result.memory_gib;
    json["peak_tensor_bytes"] = result.peak_tensor_bytes;
    fmt::print("{}\n", json_text(json, 2));
    return ExitCode::kDone;
  }
  print_subject(result.subject);
  fmt::print(
      "{}: {} images/s, {:.4g} TFLOP/s, {:.1f} ms a step of {} images (fastest {:.1f}, median "
      "{:.1f}, slowest {:.1f}; {} steps), memory {:.1f} GiB\n",
      result.subject.model, rate_text(rate.images_per_s()), result.tflops_per_s(), 1e3 * step_s,
      human_count(result.subject.batch_size), 1e3 * rate.fastest_step_s, 1e3 * rate.median_step_s,
      1e3 * rate.slowest_step_s, rate.steps, result.memory_gib);
  return ExitCode::kDone;
}

}  // namespace stoker::app
