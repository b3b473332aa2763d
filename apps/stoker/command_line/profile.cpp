#include "command_line/profile.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_profile(CLI::App& app, Action& action, const Body<ProfileArguments>& body) {
  CLI::App* verb = app.add_subcommand("profile", "Where the time of training steps goes");
  auto arguments = std::make_shared<ProfileArguments>();
  verb->add_option("config", arguments->path, "The YAML file, or the folder of a run")->required();
  verb->add_option("overrides", arguments->overrides,
                   "Such as data.root=photos train.precision=bf16")
      ->option_text("[key=value ...]");
  verb->add_option("--steps", arguments->steps, "Steps without the profiler, and again with it")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--rows", arguments->rows, "Operators to print")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  verb->add_option("-o,--output", arguments->output, "The trace; - prints it")
      ->option_text("FILE")
      ->capture_default_str();
  verb->add_flag("--json", arguments->json, "Print the tables as JSON");
  verb->footer(
      "The trace shows every thread on one time axis, with our own stages above LibTorch's\n"
      "operators and CUDA's kernels: open it in https://ui.perfetto.dev or chrome://tracing.\n"
      "Nothing is trained: weights hardly move, and no run's folder is made or changed.\n"
      "Examples:\n"
      "  stoker profile configs/cifar10.yaml train.batch_size=256\n"
      "  stoker profile runs/cifar10/1 --steps 50 -o cifar10.json");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
