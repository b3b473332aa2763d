#include "command_line/train.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_train(CLI::App& app, Action& action, const Body<TrainArguments>& body) {
  CLI::App* verb = app.add_subcommand("train", "Train a classifier from a YAML file");
  auto arguments = std::make_shared<TrainArguments>();
  verb->add_option("config", arguments->words,
                   "The YAML file, then overrides such as train.batch_size=512")
      ->option_text("CONFIG [key=value ...]");
  auto resume = std::make_shared<std::string>();
  CLI::Option* resume_option =
      verb->add_option(
              "--resume", *resume,
              "Go on with a run: its folder, one of its checkpoints, or without a word the "
              "newest of the config's name, without a config the newest of all")
          ->expected(0, 1)
          ->option_text("[RUN]");
  verb->add_flag("--dry-run", arguments->dry_run,
                 "Build everything, print the plan (model, memory, steps) and stop");
  verb->add_option("--devices", arguments->devices,
                   "Train on several devices of this host, one process on each: a number of GPUs, "
                   "all, or cpu:N; with --dry-run also fake:N, the plan of any number")
      ->option_text("N|all|cpu:N");
  verb->add_option("--log-ranks", arguments->log_ranks,
                   "Write what the processes but the first have to say into this folder")
      ->option_text("DIR");
  verb->add_option("--folds", arguments->folds,
                   "Train so many times, each time evaluated on another part of the training data, "
                   "and say the mean; the same command goes on after any stop")
      ->option_text("K");
  verb->footer(
      "Examples:\n"
      "  stoker train configs/cifar10.yaml data.root=data/cifar10-jpeg train.epochs=8\n"
      "  stoker train configs/cifar10.yaml --resume\n"
      "  stoker train configs/cifar10.yaml --devices all\n"
      "  stoker train configs/image_folder.yaml data.root=photos --folds 5\n"
      "  stoker train --resume runs/cifar10/1\n"
      "  stoker train --resume runs/cifar10/1/checkpoints/best");
  const Body<TrainArguments> with_resume = [=](TrainArguments parsed) {
    if (resume_option->count() > 0) parsed.resume = *resume;
    return body(parsed);
  };
  set_body(*verb, action, arguments, with_resume);
}

}  // namespace stoker::app
