#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stoker/config/places.h"
#include "stoker/core/shown.h"
#include "stoker/dist/world.h"
#include "stoker/jobs/training.h"
#include "stoker/launch/devices.h"
#include "stoker/launch/place.h"
#include "stoker/launch/slots.h"
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

// A launcher that starts all ranks again, after one of them was lost, means the run to go on.
std::optional<fs::path> begun_before(const TrainInput& input, const launch::Place& place) {
  if (!place.has_agent || place.attempt == 0) return std::nullopt;
  const dist::DistOptions options =
      input.config ? run::load_run_config(*input.config, input.overrides).options.dist
                   : dist::DistOptions{};
  return dist::run_of_earlier_attempt(place, options);
}

// Those of a plan, which nobody starts.
std::unique_ptr<dist::Group> planned_ranks(const std::string& devices) {
  const launch::Devices wanted =
      devices.empty() ? launch::Devices{}
                      : launch::parse_devices(devices, std::ssize(launch::this_machine().devices));
  return dist::planned(wanted.count);
}

}  // namespace

ExitCode train(const TrainArguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever watched the lines may leave; log.txt has them
  const TrainInput input = sort_words(arguments);
  jobs::RankOptions ranks{.place = launch::find_place(launch::process_environment())};
  if (!arguments.log_ranks.empty()) ranks.logs = arguments.log_ranks;
  std::optional<runs::ResumePoint> point;
  if (const auto begun = begun_before(input, ranks.place)) {
    point = runs::find_resume_point(*begun, /*locks=*/ranks.place.rank == 0);
  } else if (input.resume) {
    point = runs::find_resume_point(
        input.resume_path ? *input.resume_path : run_to_resume(input).path(),
        /*locks=*/ranks.place.rank == 0);
  }
  config::Loaded<run::RunConfig> loaded = load(input, point);
  if (point) run::check_resume(*point, loaded.options);
  if (!arguments.dry_run && arguments.devices.starts_with("fake:")) {
    throw ConfigError(fmt::format(
        "--devices {}: expected --dry-run with it: nobody trains on devices that are none",
        arguments.devices));
  }
  if (arguments.dry_run) {
    std::optional<train::CheckpointContent> content;
    if (point && point->checkpoint) content = train::read_checkpoint(*point->checkpoint);
    const std::unique_ptr<dist::Group> planned = planned_ranks(arguments.devices);
    const run::Session session = config::with_places(loaded.provenance, [&] {
      jobs::check_destinations(loaded.options, !point);
      return run::build_session(loaded.options, content ? &*content : nullptr, *planned);
    });
    fmt::print("{}\n", shown_message(run::plan_text(session)));
    return ExitCode::kDone;
  }
  const jobs::TrainingResult result = config::with_places(loaded.provenance, [&] {
    return jobs::run_training({.config = loaded.options,
                               .provenance = loaded.provenance,
                               .resume = std::move(point),
                               .ranks = std::move(ranks)});
  });
  return result.reason == train::StopReason::kInterrupted ? ExitCode::kInterrupted
                                                          : ExitCode::kDone;
}

}  // namespace stoker::app
