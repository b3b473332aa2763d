#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "eval_report.h"
#include "progress_line.h"
#include "stoker/core/output.h"
#include "stoker/jobs/evaluation.h"
#include "verb.h"

namespace stoker::app {

namespace {

struct EvalArguments {
  std::string path;
  std::vector<std::string> overrides;
  std::string split = "val";
  bool json = false;
  std::vector<std::string> confusion;
  std::string per_class;
};

// Whether standard output is for a table that a program reads.
bool is_table_printed(const EvalArguments& arguments) {
  const auto is_printed = [](const std::string& file) {
    return file != "-" && is_standard_output(file);
  };
  return (!arguments.per_class.empty() && is_standard_output(arguments.per_class)) ||
         std::ranges::any_of(arguments.confusion, is_printed);
}

// Before the evaluation, which may take long.
void check(const EvalArguments& arguments) {
  for (const std::string& file : arguments.confusion) {
    const auto extension = std::filesystem::path(file).extension();
    if (file != "-" && extension != ".png" && extension != ".csv" && !is_special_file(file)) {
      throw ConfigError(fmt::format(
          "--confusion {}: expected a name that ends in .png or .csv, or - to print it", file));
    }
    check_output("--confusion", file,
                 extension == ".png" ? OutputKind::kBinary : OutputKind::kText);
  }
  if (!arguments.per_class.empty())
    check_output("--per-class", arguments.per_class, OutputKind::kText);
  const auto is_printed = [](const std::string& file) { return is_standard_output(file); };
  const auto printed = std::ranges::count_if(arguments.confusion, is_printed) +
                       (arguments.json ? 1 : 0) +
                       (!arguments.per_class.empty() && is_printed(arguments.per_class) ? 1 : 0);
  if (printed > 1)
    throw ConfigError(
        "of --json, --confusion - and --per-class - only one can have standard output; name files "
        "for the others");
}

ExitCode evaluate(const EvalArguments& arguments) {
  check(arguments);
  const data::Split split = arguments.split == "train" ? data::Split::kTrain : data::Split::kVal;
  const jobs::EvaluationResult result = [&] {
    ProgressLine line;
    return jobs::run_evaluation(
        arguments.path, arguments.overrides, split,
        [&](int64_t done, int64_t of) { line.show(arguments.split, done, of); });
  }();
  if (arguments.json)
    print_evaluation_json(result);
  else
    print_evaluation(result, is_table_printed(arguments) ? stderr : stdout);
  for (const std::string& file : arguments.confusion) {
    if (file == "-")
      print_confusion(result);
    else
      write_confusion(result, file);
  }
  if (!arguments.per_class.empty()) write_per_class(result, arguments.per_class);
  if (result.metrics.nonfinite_images > 0) {
    throw Diverged(fmt::format(
        "the outputs for {} of {} images are not finite, so these figures mean nothing. Try "
        "train.precision=fp32, or an earlier checkpoint.",
        result.metrics.nonfinite_images, result.metrics.images));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
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
  verb->add_flag("--json", arguments->json, "Print everything as JSON");
  verb->footer(
      "Classes are matched by their names.\n"
      "Examples:\n"
      "  stoker eval runs/cifar10/1 --confusion confusion.png\n"
      "  stoker eval runs/cifar10/1 data.root=photos data.val=holdout --per-class classes.csv");
  verb->callback([arguments, &action] { action = [arguments] { return evaluate(*arguments); }; });
}

}  // namespace stoker::app
