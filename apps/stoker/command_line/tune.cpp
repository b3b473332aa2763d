#include "command_line/tune.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_tune(CLI::App& app, Action& action, const Body<TuneArguments>& body) {
  CLI::App* verb = app.add_subcommand(
      "tune", "Find the micro-batch, the precision or the learning rate for a config");
  auto arguments = std::make_shared<TuneArguments>();
  verb->add_option("config", arguments->config, "The YAML file; a run with --critical-batch")
      ->required();
  verb->add_option("overrides", arguments->overrides, "Such as data.root=photos device=cuda")
      ->option_text("[key=value ...]");
  auto* precision = verb->add_flag("--precision", arguments->precision,
                                   "Compare arithmetic and memory layout at equal loss instead");
  auto* lr = verb->add_flag("--lr", arguments->lr, "Find the learning rate by a range test instead")
                 ->excludes(precision);
  verb->add_flag("--critical-batch", arguments->critical_batch,
                 "Measure instead from which batch on more images a step stop paying, in branches "
                 "of a run: in place of the YAML file stands the run, or one of its checkpoints")
      ->excludes(precision)
      ->excludes(lr);
  verb->add_option("--seconds", arguments->seconds, "About the time for timing micro-batches")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  verb->add_option("--largest", arguments->largest,
                   "The largest micro-batch to look at; default: train.batch_size")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  verb->add_option("--steps", arguments->steps,
                   "Training steps of --lr (default 100), of each row of --precision (10), or of "
                   "the run's batch in a branch of --critical-batch (96)")
      ->check(CLI::Range(int64_t{4}, int64_t{1'000'000}));
  verb->add_option("--write", arguments->write,
                   "Write a config that extends the given one by what was found; - prints it")
      ->option_text("FILE.yaml");
  verb->add_option("--plot", arguments->plot, "Write a chart; - prints it")
      ->option_text("FILE.svg");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Nothing is trained that is kept. train.microbatch=auto does the short form at the start of "
      "a\n"
      "run.\n"
      "Examples:\n"
      "  stoker tune configs/cifar10.yaml data.root=data/cifar10-jpeg --plot rate.svg\n"
      "  stoker tune configs/cifar10.yaml memory.limit_gib=2 --write tuned.yaml\n"
      "  stoker tune configs/cifar10.yaml --lr --plot lr.svg\n"
      "  stoker tune --critical-batch runs/cifar10/1");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
