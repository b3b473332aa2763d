#include "stoker/sweep/sweep_options.h"

#include <algorithm>

#include "stoker/config/load.h"
#include "stoker/config/read.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/sweep/metric.h"

namespace stoker::sweep {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTop = "sweep", kConfig = "config", kSpace = "space";

std::string key_of(const std::string& word) { return word.substr(0, word.find('=')); }

// Takes the value under a key out of a map.
config::Node take(config::Node& map, std::string_view key) {
  config::Node value;
  if (config::Node* found = map.find(key)) value = std::move(*found);
  std::erase_if(map.entries, [&](const config::Entry& entry) { return entry.key == key; });
  return value;
}

SweepFile read(config::Node tree, const fs::path& path) {
  if (!tree.is_map())
    throw ConfigError(fmt::format("{}: sweep: read {}, expected config and space.",
                                  to_string(tree.location), show(tree)));
  SweepFile file;
  const config::Node config = take(tree, kConfig), space = take(tree, kSpace);
  if (!config.is_scalar() || config.scalar.empty())
    throw ConfigError(
        fmt::format("{}: sweep.config: expected the path of the YAML file whose "
                    "training is swept, relative to this file.",
                    path.string()));
  if (!space.is_map())
    throw ConfigError(
        fmt::format("{}: sweep.space: expected keys with their values, such as "
                    "train.batch_size: [64, 128].",
                    path.string()));
  file.config = (path.parent_path() / config.scalar).lexically_normal();
  file.words = search::words_of(space);
  config::Fields fields;
  describe(file.options, fields);
  config::read_fields(tree, fields);
  return file;
}

void exclude(bool a, bool b, std::string_view names) {
  if (a && b) throw ConfigError(fmt::format("read both {}; give one of them.", names));
}

}  // namespace

void describe(SweepOptions& o, config::Fields& fields) {
  fields("random", o.random, "settings to draw at random").positive().unset_as("none");
  fields("sobol", o.sobol, "settings to draw evenly spread").positive().unset_as("none");
  fields("search_seed", o.search_seed, "seed of these draws").at_least(0);
  fields("seeds", o.seeds, "trainings of each setting, with seeds of their own")
      .positive()
      .unset_as("none");
  fields("folds", o.folds, "trainings of each setting, one for each fold of the data")
      .at_least(2)
      .unset_as("none");
  fields("halving", o.halving, "successive halving: one in so many goes on to the next rung")
      .in(2, 100)
      .unset_as("none");
  fields("asha", o.asha, "the same, going on without waiting for a rung's end")
      .in(2, 100)
      .unset_as("none");
  fields("metric", o.metric, "what settings are sorted by");
  fields("prune", o.prune, "median: end trials that are behind the median of the others");
  fields("prune_startup", o.prune_startup, "others that must have come as far").at_least(1);
  fields("prune_warmup", o.prune_warmup, "epochs before which no trial is pruned").at_least(0);
  fields("jobs", o.jobs, "trials at a time").at_least(1).at_most(1024);
  fields("max_hours", o.max_hours, "hours after which the trials are stopped")
      .positive()
      .unset_as("none");
}

std::optional<SweepFile> read_sweep_file(const fs::path& path) {
  if (!fs::is_regular_file(path)) return std::nullopt;  // whoever loads it says what is wrong
  const std::string text = read_file(path, config::YamlLimits().size_bytes);
  config::Node tree =
      config::parse_yaml(text, {.origin = config::Origin::kFile, .source = path.string()});
  if (!tree.is_map() || tree.find(kTop) == nullptr) return std::nullopt;
  for (const config::Entry& entry : tree.entries)
    if (entry.key != kTop)
      throw ConfigError(fmt::format(
          "{}: {}: a sweep file holds `sweep:` alone; what holds for each training stands in the "
          "file that sweep.config names, or as a single value in sweep.space.",
          to_string(entry.location), entry.key));
  return read(take(tree, kTop), path);
}

std::vector<std::string> merged_words(std::vector<std::string> lower,
                                      const std::vector<std::string>& upper) {
  std::vector<std::string> words;
  for (std::string& word : lower) {
    const bool is_replaced = std::ranges::any_of(
        upper, [&](const std::string& other) { return key_of(other) == key_of(word); });
    if (!is_replaced) words.push_back(std::move(word));
  }
  words.insert(words.end(), upper.begin(), upper.end());
  return words;
}

SweepPlan make_plan(const SweepOptions& options, const std::vector<std::string>& words) {
  exclude(options.random.has_value(), options.sobol.has_value(), "--random and --sobol");
  exclude(options.halving.has_value(), options.asha.has_value(), "--halving and --asha");
  if (!options.prune.empty() && options.prune != "median")
    throw ConfigError(fmt::format("--prune: read \"{}\", expected median.", options.prune));
  for (const auto& eta : {options.halving, options.asha})
    if (eta && !(*eta >= 2 && *eta <= 100))
      throw ConfigError(fmt::format("--halving: read {:g}, expected 2 to 100.", *eta));
  const std::string metric = options.metric.empty() ? "val.top1" : options.metric;
  SweepPlan plan{.space = search::parse_space(words),
                 .sample = {.seed = static_cast<uint64_t>(options.search_seed)},
                 .seeds = options.seeds,
                 .folds = options.folds,
                 .metric = metric,
                 .lower_is_better = is_better_lower(metric)};
  if (const auto count = options.random ? options.random : options.sobol) {
    plan.sample.method = options.random ? search::Method::kRandom : search::Method::kSobol;
    plan.sample.count = *count;
  }
  if (options.halving) plan.halving = Halving{.eta = *options.halving};
  if (options.asha) plan.halving = Halving{.eta = *options.asha, .is_asynchronous = true};
  for (const char* key : {"train.stop_after_epochs", "run.dir", "name"})
    for (const search::Axis& axis : plan.space.axes)
      if (axis.key == key)
        throw ConfigError(fmt::format("{}: is the sweep's to set; it has no values to try.", key));
  return plan;
}

}  // namespace stoker::sweep
