#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "eval_report.h"
#include "progress_line.h"
#include "stoker/core/output.h"
#include "stoker/jobs/evaluation.h"
#include "stoker/launch/place.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

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

}  // namespace

ExitCode evaluate(const EvalArguments& arguments) {
  check(arguments);
  const jobs::RankOptions ranks{.place = launch::find_place(launch::process_environment())};
  const data::Split split = arguments.split == "train" ? data::Split::kTrain : data::Split::kVal;
  const jobs::EvaluationResult result = [&] {
    ProgressLine line;
    return jobs::run_evaluation(
        arguments.path, arguments.overrides, split,
        [&](int64_t done, int64_t of) { line.show(arguments.split, done, of); }, ranks);
  }();
  if (ranks.place.rank > 0) return ExitCode::kDone;
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

}  // namespace stoker::app
