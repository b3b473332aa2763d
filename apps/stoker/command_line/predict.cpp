#include "command_line/predict.h"

#include <memory>

#include "command_line/declare.h"

namespace stoker::app {

void add_predict(CLI::App& app, Action& action, const Body<PredictArguments>& body) {
  CLI::App* verb = app.add_subcommand("predict", "The most probable classes of images");
  auto arguments = std::make_shared<PredictArguments>();
  verb->add_option("checkpoint", arguments->checkpoint,
                   "A run's folder (its best checkpoint), checkpoints/latest, or a checkpoint")
      ->required();
  verb->add_option("images", arguments->words,
                   "Files, folders, patterns, or - for one path a line on stdin; and overrides")
      ->required()
      ->option_text("IMAGES ... [key=value ...]");
  verb->add_option("--top", arguments->top, "Classes to name for each image")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str();
  verb->add_option("--format", arguments->format,
                   "text; csv, a line a guess; json, an object a line")
      ->check(CLI::IsMember({"text", "csv", "json"}))
      ->capture_default_str();
  verb->add_flag("-0,--null", arguments->null_separated,
                 "Paths on stdin end in a NUL byte, as `find -print0` writes them");
  verb->footer(
      "Exits with 3 when an image could not be read, with 6 when an output was not finite; the "
      "others "
      "are predicted all the same.\n"
      "Of a model with task: multilabel the text names the labels from eval.threshold on, or -; "
      "csv "
      "and json have the --top most probable, and json the labels besides.\n"
      "Examples:\n"
      "  stoker predict runs/cifar10/1 photos/ more/*.png --top 3\n"
      "  find . -name '*.jpg' -print0 | stoker predict runs/cifar10/1 - -0 --format csv");
  set_body(*verb, action, arguments, body);
}

}  // namespace stoker::app
