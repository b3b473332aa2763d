#include "command_line/bench.h"

#include <cmath>
#include <cstdlib>
#include <memory>

#include "command_line/declare.h"

namespace stoker::app {
namespace {

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
  verb->add_option("--seconds", arguments->seconds, "Time of each measurement")
      ->check(CLI::Range(0.01, 3600.0))
      ->check(is_number)
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  return verb;
}

}  // namespace

void add_bench(CLI::App& app, Action& action, const BenchBodies& bodies) {
  CLI::App* verb = app.add_subcommand("bench", "Measure the input path and the training steps");
  verb->require_subcommand(1);
  verb->footer(
      "Example:\n  stoker bench loader configs/cifar10.yaml\nEach has a --help of its own.");

  auto loader_arguments = std::make_shared<BenchArguments>();
  CLI::App* loader = add_measurement(
      *verb, "loader", "Images a second of reading, decoding and augmenting, by threads",
      loader_arguments);
  loader
      ->add_option("--threads", loader_arguments->threads,
                   "Numbers of threads, as 1,2,4; default: powers of two up to the usable CPUs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 4096))
      ->option_text("N,...");
  loader
      ->add_option("--rounds", loader_arguments->rounds,
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
  set_body(*loader, action, loader_arguments, bodies.loader);

  auto step_arguments = std::make_shared<BenchArguments>();
  CLI::App* step =
      add_measurement(*verb, "step", "Training steps on one batch kept in memory", step_arguments);
  step->footer(
      "TFLOP/s count the backward pass as twice the forward pass.\n"
      "Examples:\n"
      "  stoker bench step configs/cifar10.yaml data.root=data/cifar10-jpeg train.microbatch=256\n"
      "  stoker bench step configs/imagenet_resnet50.yaml data.format=shapes   # without its data");
  set_body(*step, action, step_arguments, bodies.step);

  auto allreduce_arguments = std::make_shared<BenchArguments>();
  CLI::App* allreduce = add_measurement(
      *verb, "allreduce", "The exchange between ranks, alone and behind the backward pass",
      allreduce_arguments);
  allreduce
      ->add_option("--devices", allreduce_arguments->devices,
                   "One rank on each device of this host: a number of GPUs, all, or cpu:N")
      ->option_text("N|all|cpu:N");
  allreduce->footer(
      "Start it with --devices, or as training is started: by torchrun, srun or mpirun.\n"
      "Examples:\n"
      "  stoker bench allreduce configs/quickstart.yaml --devices cpu:2\n"
      "  srun -N 2 --ntasks-per-node 8 stoker bench allreduce configs/imagenet_resnet50.yaml");
  set_body(*allreduce, action, allreduce_arguments, bodies.allreduce);
}

}  // namespace stoker::app
