#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stoker/core/json_text.h"
#include "stoker/core/text.h"
#include "stoker/jobs/benchmark.h"
#include "stoker/run/load.h"
#include "verb.h"

namespace stoker::app {

namespace {

using nlohmann::ordered_json;

struct BenchArguments {
  std::string config;
  std::vector<std::string> overrides;
  jobs::BenchmarkOptions options;
  bool no_train = false;
  bool json = false;
};

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

ExitCode bench_loader(const BenchArguments& arguments) {
  jobs::BenchmarkOptions options = arguments.options;
  options.trains = !arguments.no_train;
  const run::RunConfig config = run::load_run_config(arguments.config, arguments.overrides).options;
  const auto say = [](const std::string& what) { fmt::print(stderr, "measuring {}\n", what); };
  const jobs::LoaderBenchmark result = jobs::benchmark_loader(config, options, say);
  if (arguments.json)
    fmt::print("{}\n", json_text(to_json(result), 2));
  else
    print_table(result);
  return ExitCode::kDone;
}

ExitCode bench_step(const BenchArguments& arguments) {
  const run::RunConfig config = run::load_run_config(arguments.config, arguments.overrides).options;
  const jobs::StepBenchmark result = jobs::benchmark_step(config, arguments.options);
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

// CLI11's Range lets NaN pass.
std::string is_number(const std::string& word) {
  return std::isnan(std::strtod(word.c_str(), nullptr)) ? "expected a number" : "";
}

CLI::App* add_measurement(CLI::App& parent, const char* name, const char* help,
                          const std::shared_ptr<BenchArguments>& arguments) {
  CLI::App* verb = parent.add_subcommand(name, help);
  verb->add_option("config", arguments->config, "The YAML file")->required();
  verb->add_option("overrides", arguments->overrides, "Such as data.root=photos data.cache=none")
      ->option_text("[key=value ...]");
  verb->add_option("--seconds", arguments->options.seconds, "Time of each measurement")
      ->check(CLI::Range(0.01, 3600.0))
      ->check(is_number)
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  return verb;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("bench", "Measure the input path and the training steps");
  verb->require_subcommand(1);
  verb->footer(
      "Example:\n  stoker bench loader configs/cifar10.yaml\nEach has a --help of its own.");

  auto loader_arguments = std::make_shared<BenchArguments>();
  CLI::App* loader = add_measurement(
      *verb, "loader", "Images a second of reading, decoding and augmenting, by threads",
      loader_arguments);
  loader
      ->add_option("--threads", loader_arguments->options.threads,
                   "Numbers of threads, as 1,2,4; default: powers of two up to the usable CPUs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 4096))
      ->option_text("N,...");
  loader
      ->add_option("--rounds", loader_arguments->options.rounds,
                   "Training on a batch in memory and on the data set, in turn")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  loader->add_flag("--no-train", loader_arguments->no_train, "Leave the training out");
  loader->footer(
      "\"busy\" is the share of the threads' time in which they worked; the rest they waited for "
      "one\n"
      "another or for room (data.prefetch_mib). The last lines say what the data set costs "
      "training.\n"
      "Example:\n"
      "  stoker bench loader configs/image_folder.yaml data.root=photos --threads 1,2,4");
  loader->callback([loader_arguments, &action] {
    action = [loader_arguments] { return bench_loader(*loader_arguments); };
  });

  auto step_arguments = std::make_shared<BenchArguments>();
  CLI::App* step =
      add_measurement(*verb, "step", "Training steps on one batch kept in memory", step_arguments);
  step->footer(
      "TFLOP/s count the backward pass as twice the forward pass.\n"
      "Examples:\n"
      "  stoker bench step configs/cifar10.yaml data.root=data/cifar10-jpeg train.microbatch=256\n"
      "  stoker bench step configs/imagenet_resnet50.yaml data.format=shapes   # without its data");
  step->callback([step_arguments, &action] {
    action = [step_arguments] { return bench_step(*step_arguments); };
  });
}

}  // namespace stoker::app
