#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "progress_line.h"
#include "stoker/autotune/critical_batch.h"
#include "stoker/autotune/learning_rate.h"
#include "stoker/autotune/microbatch.h"
#include "stoker/autotune/precision.h"
#include "stoker/config/config.h"
#include "stoker/config/extending.h"
#include "stoker/config/places.h"
#include "stoker/core/json_text.h"
#include "stoker/core/output.h"
#include "stoker/core/text.h"
#include "stoker/run/load.h"
#include "stoker/run/session.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/runs/layout.h"
#include "torch_bodies.h"
#include "tune_report.h"

namespace stoker::app {

namespace {

namespace fs = std::filesystem;

void say(const std::string& what) { fmt::print(stderr, "{}\n", what); }

// Before the work, which takes long.
void check(const TuneArguments& arguments) {
  int printed = arguments.json ? 1 : 0;
  for (const auto& [option, file] :
       {std::pair{"--write", &arguments.write}, std::pair{"--plot", &arguments.plot}}) {
    if (file->empty()) continue;
    check_output(option, *file, OutputKind::kText);
    if (is_standard_output(*file)) ++printed;
  }
  if (printed > 1) {
    throw ConfigError(
        "of --json, --write - and --plot - only one can have standard output; name files for the "
        "others");
  }
}

bool prints_text(const TuneArguments& arguments) {
  return !arguments.json && !is_standard_output(arguments.write) &&
         !is_standard_output(arguments.plot);
}

// The given config, with the command line's overrides and what was found laid over it.
std::string config_text(const TuneArguments& arguments, const std::vector<std::string>& found) {
  const fs::path folder = is_special_file(arguments.write)
                              ? fs::current_path()
                              : fs::absolute(arguments.write).parent_path();
  std::vector<std::string> overrides = arguments.overrides;
  overrides.insert(overrides.end(), found.begin(), found.end());
  run::RunConfig defaults;
  const config::Node own = config::extending(fs::relative(arguments.config, folder).string(),
                                             config::load_files(arguments.config), overrides,
                                             config::to_node(config::fields_of(defaults)));
  return fmt::format("# by stoker tune\n{}", config::print_yaml(own));
}

void write_outputs(const TuneArguments& arguments, const std::string& chart,
                   const std::vector<std::string>& found) {
  if (!arguments.plot.empty()) write_output("--plot", arguments.plot, as_bytes(chart));
  if (!arguments.write.empty())
    write_output("--write", arguments.write, as_bytes(config_text(arguments, found)));
}

void print_found(const std::vector<std::string>& found) {
  if (found.empty()) return;
  fmt::print("\nTrain with:");
  for (const std::string& override : found) fmt::print(" {}", override);
  fmt::print("\n");
}

template <class Result, class Print, class Json, class Draw>
ExitCode report(const TuneArguments& arguments, const Result& result,
                const std::vector<std::string>& found, const Print& print, const Json& json,
                const Draw& draw) {
  if (arguments.json) {
    nlohmann::ordered_json object = json(result);
    object["overrides"] = found;
    fmt::print("{}\n", json_text(object, 2));
  } else if (prints_text(arguments)) {
    print(result);
    print_found(found);
  }
  write_outputs(arguments, arguments.plot.empty() ? "" : draw(result), found);
  return ExitCode::kDone;
}

ExitCode tune_microbatch(const TuneArguments& arguments,
                         const config::Loaded<run::RunConfig>& loaded) {
  run::RunConfig config = loaded.options;
  config.train.microbatch = 0;
  run::Session session =
      config::with_places(loaded.provenance, [&] { return run::build_session(config); });
  const autotune::MicrobatchTuning result = autotune::tune_microbatch(
      session, {.budget_s = arguments.seconds, .largest = arguments.largest, .say = say});
  const EvaluationNeed evaluation{
      .batch_size = session.config.eval.batch_size,
      .bytes = autotune::fit_evaluation(session).at(session.config.eval.batch_size)};
  const std::string model = session.config.model.name();
  return report(
      arguments, result, {fmt::format("train.microbatch={}", result.microbatch)},
      [&](const auto& found) { print_tuning(found, evaluation); },
      [&](const auto& found) { return tuning_json(found, evaluation); },
      [&](const auto& found) { return tuning_chart(found, model); });
}

ExitCode tune_precision(const TuneArguments& arguments, const run::RunConfig& config) {
  autotune::PrecisionOptions options{.say = say};
  if (arguments.steps > 0) options.steps = arguments.steps;
  const auto rows = autotune::compare_precisions(config, options);
  const autotune::PrecisionResult& best = rows[autotune::fastest(rows)];
  return report(arguments, rows,
                {fmt::format("train.precision={}", train::to_string(best.precision)),
                 fmt::format("train.channels_last={}", best.channels_last)},
                print_precisions, precisions_json, precisions_chart);
}

ExitCode tune_lr(const TuneArguments& arguments, const config::Loaded<run::RunConfig>& loaded) {
  run::Session session =
      config::with_places(loaded.provenance, [&] { return run::build_session(loaded.options); });
  const tuning::LrRange range = [&] {
    ProgressLine line;
    autotune::LearningRateOptions options{
        .on_progress = [&](int64_t done, int64_t of) { line.show("range test", done, of); }};
    if (arguments.steps > 0) options.test.steps = arguments.steps;
    return autotune::find_learning_rate(session, options);
  }();
  std::vector<std::string> found;
  if (range.suggestion) found.push_back(fmt::format("optimizer.lr={:.2g}", *range.suggestion));
  return report(arguments, range, found, print_lr_range, lr_range_json, lr_range_chart);
}

ExitCode tune_critical_batch(const TuneArguments& arguments) {
  if (!arguments.write.empty())
    throw ConfigError("--write: --critical-batch finds nothing that a config would take");
  const runs::WholeCheckpoint checkpoint =
      runs::open_checkpoint(arguments.config, /*prefer_best=*/false);
  const auto loaded =
      run::load_run_config(checkpoint.folder() / runs::kConfigFile, arguments.overrides);
  autotune::CriticalBatchOptions options{.say = say};
  if (arguments.steps > 0) options.steps = arguments.steps;
  const autotune::CriticalBatch found =
      autotune::measure_critical_batch(loaded.options, train::read_checkpoint(checkpoint), options);
  return report(arguments, found, {}, print_critical_batch, critical_batch_json,
                critical_batch_chart);
}

}  // namespace

ExitCode tune(const TuneArguments& arguments) {
  check(arguments);
  if (arguments.critical_batch) return tune_critical_batch(arguments);
  const auto loaded = run::load_run_config(arguments.config, arguments.overrides);
  if (arguments.lr) return tune_lr(arguments, loaded);
  if (arguments.precision) return tune_precision(arguments, loaded.options);
  return tune_microbatch(arguments, loaded);
}

}  // namespace stoker::app
