#include <fmt/format.h>

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
#include "torch_bodies.h"

namespace stoker::app {

namespace {

namespace fs = std::filesystem;

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
  TrainInput input{.resume = arguments.resume.has_value()};
  if (input.resume && !arguments.resume->empty()) {
    // The last of overrides of one key holds, and most write --resume behind the others.
    if (is_override(*arguments.resume)) {
      arguments.words.push_back(*arguments.resume);
    } else if (is_config_file(*arguments.resume)) {
      arguments.words.insert(arguments.words.begin(), *arguments.resume);
    } else {
      input.resume_path = *arguments.resume;
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
                                    const std::optional<runs::ResumePoint>& point) {
  if (input.config) return run::load_run_config(*input.config, input.overrides);
  if (point) return run::load_run_config(point->config(), input.overrides);
  throw ConfigError(
      "no config file: expected `stoker train CONFIG [key=value …]`, or `--resume [RUN]`");
}

// The run that --resume means: the one that is named, else the newest of the config's name, else
// the newest of all under the default folder.
runs::RunFolder run_to_resume(const TrainInput& input) {
  if (!input.config) return runs::newest_run(run::FolderOptions{}.dir);
  const run::RunConfig config = run::load_run_config(*input.config, input.overrides).options;
  return runs::RunFolder::newest(config.run.dir, config.name);
}

}  // namespace

ExitCode train(const TrainArguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever watched the lines may leave; log.txt has them
  const TrainInput input = sort_words(arguments);
  std::optional<runs::ResumePoint> point;
  if (input.resume) {
    point = runs::find_resume_point(input.resume_path ? *input.resume_path
                                                      : run_to_resume(input).path());
  }
  config::Loaded<run::RunConfig> loaded = load(input, point);
  if (point) run::check_resume(*point, loaded.options);
  if (arguments.dry_run) {
    std::optional<train::CheckpointContent> content;
    if (point && point->checkpoint) content = train::read_checkpoint(*point->checkpoint);
    const run::Session session = config::with_places(loaded.provenance, [&] {
      return run::build_session(loaded.options, content ? &*content : nullptr);
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

}  // namespace stoker::app
