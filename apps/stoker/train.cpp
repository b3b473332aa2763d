#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/config/places.h"
#include "stoker/core/shown.h"
#include "stoker/jobs/training.h"
#include "stoker/run/load.h"
#include "stoker/run/resume.h"
#include "stoker/run/session.h"
#include "verb.h"

namespace stoker::app {

namespace {

namespace fs = std::filesystem;

struct TrainArguments {
  std::vector<std::string> words;  // the config, if any, and overrides
  CLI::Option* resume_option = nullptr;
  std::string resume;
  bool dry_run = false;
};

struct TrainInput {
  std::optional<fs::path> config;
  std::vector<std::string> overrides;
  bool resume = false;
  std::optional<fs::path> resume_path;
};

bool is_config_file(const fs::path& path) {
  return fs::is_regular_file(path) && (path.extension() == ".yaml" || path.extension() == ".yml");
}

// --resume takes an optional word; one that is an override or a config file belongs to the list.
TrainInput sort_words(TrainArguments arguments) {
  TrainInput input{.resume = arguments.resume_option->count() > 0};
  if (!arguments.resume.empty()) {
    // The last of overrides of one key holds, and most write --resume behind the others.
    if (is_override(arguments.resume)) {
      arguments.words.push_back(arguments.resume);
    } else if (is_config_file(arguments.resume)) {
      arguments.words.insert(arguments.words.begin(), arguments.resume);
    } else {
      input.resume_path = arguments.resume;
    }
  }
  for (const std::string& word : arguments.words) {
    if (is_override(word)) {
      input.overrides.push_back(word);
    } else if (!input.config) {
      input.config = word;
    } else {
      throw ConfigError(fmt::format(
          "\"{}\" is neither a key=value override nor expected: {} is already the config file",
          word, input.config->string()));
    }
  }
  return input;
}

config::Loaded<run::RunConfig> load(const TrainInput& input,
                                    const std::optional<run::ResumePoint>& point) {
  if (input.config) return run::load_run_config(*input.config, input.overrides);
  if (point) return run::load_run_config(point->config(), input.overrides);
  throw ConfigError(
      "no config file: expected `stoker train CONFIG [key=value …]`, or `--resume [RUN]`");
}

// The run that --resume means: the one that is named, else the newest of the config's name, else
// the newest of all under the default folder.
runs::RunFolder run_to_resume(const TrainInput& input) {
  if (!input.config) return run::newest_run(run::FolderOptions{}.dir);
  const run::RunConfig config = run::load_run_config(*input.config, input.overrides).options;
  return runs::RunFolder::newest(config.run.dir, config.name);
}

ExitCode train(const TrainArguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever watched the lines may leave; log.txt has them
  const TrainInput input = sort_words(arguments);
  std::optional<run::ResumePoint> point;
  if (input.resume) {
    point = run::find_resume_point(input.resume_path ? *input.resume_path
                                                     : run_to_resume(input).path());
  }
  config::Loaded<run::RunConfig> loaded = load(input, point);
  if (point) run::check_resume(*point, loaded.options);
  if (arguments.dry_run) {
    const bool resumes = point && point->checkpoint;
    const run::Session session = config::with_places(loaded.provenance, [&] {
      return run::build_session(loaded.options, resumes ? &point->checkpoint->content : nullptr);
    });
    fmt::print("{}\n", shown_message(run::plan_text(session)));
    return ExitCode::kDone;
  }
  const jobs::TrainingResult result = config::with_places(loaded.provenance, [&] {
    return jobs::run_training({.config = loaded.options, .resume = std::move(point)});
  });
  return result.reason == train::StopReason::kInterrupted ? ExitCode::kInterrupted
                                                          : ExitCode::kDone;
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("train", "Train a classifier from a YAML file");
  auto arguments = std::make_shared<TrainArguments>();
  verb->add_option("config", arguments->words,
                   "The YAML file, then overrides such as train.batch_size=512")
      ->option_text("CONFIG [key=value ...]");
  arguments->resume_option =
      verb->add_option(
              "--resume", arguments->resume,
              "Go on with a run: its folder, one of its checkpoints, or without a word the "
              "newest of the config's name, without a config the newest of all")
          ->expected(0, 1)
          ->option_text("[RUN]");
  verb->add_flag("--dry-run", arguments->dry_run,
                 "Build everything, print the plan (model, memory, steps) and stop");
  verb->footer(
      "Examples:\n"
      "  stoker train configs/cifar10.yaml data.root=data/cifar10-jpeg train.epochs=8\n"
      "  stoker train configs/cifar10.yaml --resume\n"
      "  stoker train --resume runs/cifar10/1\n"
      "  stoker train --resume runs/cifar10/1/checkpoints/best");
  verb->callback([arguments, &action] { action = [arguments] { return train(*arguments); }; });
}

}  // namespace stoker::app
