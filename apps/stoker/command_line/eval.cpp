#include "command_line/eval.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_eval(CLI::App& app, Action& action, const Body<EvalArguments>& body) {
  CLI::App* verb =
      app.add_subcommand("eval", "Metrics of a checkpoint on its data or on other data");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("checkpoint", arguments->path,
                   "A run's folder (its best checkpoint), checkpoints/latest, or a checkpoint")
      ->required();
  verb->add_option("overrides", arguments->overrides, "Such as data.root=photos device=cpu")
      ->option_text("[key=value ...]");
  verb->add_option("--split", arguments->split,
                   "Which images: val (data.val) or train (data.train)")
      ->check(CLI::IsMember({"train", "val"}))
      ->capture_default_str();
  verb->add_option(
          "--confusion", arguments->confusion,
          "Write the confusion matrix as a picture or a table, by the file's name; - prints "
          "it; may be given twice")
      ->allow_extra_args(false)
      ->option_text("FILE.png|FILE.csv");
  verb->add_option("--per-class", arguments->per_class,
                   "Write the figures of each class as CSV; - prints them")
      ->option_text("FILE.csv");
  verb->add_option("--devices", arguments->devices,
                   "Evaluate on several devices of this host: a number of GPUs, all, or cpu:N")
      ->option_text("N|all|cpu:N");
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Classes are matched by their names.\n"
      "Examples:\n"
      "  stoker eval runs/cifar10/1 --confusion confusion.png\n"
      "  stoker eval runs/cifar10/1 data.root=photos data.val=holdout --per-class classes.csv");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
