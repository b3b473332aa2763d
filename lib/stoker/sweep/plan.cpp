#include "stoker/sweep/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stoker/config/values.h"
#include "stoker/core/error.h"
#include "stoker/core/json_text.h"

namespace stoker::sweep {

using nlohmann::json;

namespace {

constexpr std::string_view kSeed = "seed", kFold = "data.fold";

void add_leaves(const json& value, const std::string& path, Leaves& leaves) {
  if (!value.is_object()) {
    leaves[path] = json_text(value);
    return;
  }
  for (const auto& [key, child] : value.items())
    add_leaves(child, config::join_path(path, key), leaves);
}

const search::Axis* seed_axis(const SweepPlan& plan) {
  const auto found = std::ranges::find(plan.space.axes, kSeed, &search::Axis::key);
  return found == plan.space.axes.end() ? nullptr : &*found;
}

// The seeds of each setting as overrides; one empty list where the configuration's seed holds.
std::vector<std::string> seeds_of(const SweepPlan& plan) {
  if (const search::Axis* axis = seed_axis(plan)) {
    if (plan.seeds) throw ConfigError("read both --seeds and values for seed; give one of them.");
    if (!axis->is_finite())
      throw ConfigError(
          fmt::format("seed={}: expected whole numbers such as seed=1..3.", axis->text));
    return axis->values;
  }
  if (!plan.seeds) return {};
  if (*plan.seeds < 1 || *plan.seeds > search::kMaxValues)
    throw ConfigError(
        fmt::format("--seeds: read {}, expected 1 to {}.", *plan.seeds, search::kMaxValues));
  const auto base = plan.base.find(kSeed);
  const int64_t first =
      base == plan.base.end() ? 0 : config::parse_integer(base->second).value_or(0);
  std::vector<std::string> seeds;
  for (int64_t i = 0; i < *plan.seeds; ++i) seeds.push_back(fmt::format("{}", first + i));
  return seeds;
}

// The folds of each setting as overrides; one empty list without.
std::vector<std::string> folds_of(const SweepPlan& plan) {
  if (!plan.folds) return {};
  if (*plan.folds < 2 || *plan.folds > search::kMaxValues)
    throw ConfigError(
        fmt::format("--folds: read {}, expected 2 to {}.", *plan.folds, search::kMaxValues));
  for (const search::Axis& axis : plan.space.axes)
    if (axis.key == kFold)
      throw ConfigError("read both --folds and values for data.fold; give one of them.");
  const bool is_fixed = std::ranges::any_of(plan.space.fixed, [](const std::string& word) {
    return word.starts_with(std::string(kFold) + "=");
  });
  if (is_fixed) throw ConfigError("read both --folds and data.fold; give one of them.");
  std::vector<std::string> folds;
  for (int64_t i = 1; i <= *plan.folds; ++i) folds.push_back(fmt::format("{}/{}", i, *plan.folds));
  return folds;
}

search::Space without_seed(search::Space space) {
  std::erase_if(space.axes, [](const search::Axis& axis) { return axis.key == kSeed; });
  return space;
}

// What decides about the trials, apart from the base, as names for a person and values.
Leaves decisions(const SweepPlan& plan) {
  Leaves leaves;
  for (const search::Axis& axis : plan.space.axes) leaves[axis.key] = axis.text;
  std::string search(search::method_name(plan.sample.method));
  if (plan.sample.method != search::Method::kGrid)
    search += fmt::format(" {} (search seed {})", plan.sample.count, plan.sample.seed);
  leaves["search"] = search;
  if (plan.seeds) leaves["--seeds"] = fmt::format("{}", *plan.seeds);
  if (plan.folds) leaves["--folds"] = fmt::format("{}", *plan.folds);
  if (plan.halving) {
    leaves[plan.halving->is_asynchronous ? "--asha" : "--halving"] =
        fmt::format("{:g}", plan.halving->eta);
    leaves["--metric"] = plan.metric;
  }
  return leaves;
}

}  // namespace

Leaves leaves_of_json(std::string_view text) {
  Leaves leaves;
  add_leaves(parse_json(text), "", leaves);
  return leaves;
}

std::vector<std::string> SweepPlan::keys() const {
  std::vector<std::string> keys;
  for (const search::Axis& axis : space.axes)
    if (axis.key != kSeed) keys.push_back(axis.key);
  return keys;
}

std::vector<Trial> make_trials(const SweepPlan& plan) {
  const std::vector<std::string> seeds = seeds_of(plan), folds = folds_of(plan);
  const size_t repeats = std::max<size_t>(seeds.size(), 1) * std::max<size_t>(folds.size(), 1);
  const auto settings = search::sample(without_seed(plan.space), plan.sample);
  std::vector<Trial> trials;
  for (size_t s = 0; s < settings.size(); ++s) {
    for (size_t repeat = 0; repeat < repeats; ++repeat) {
      Trial trial{.number = std::ssize(trials) + 1, .setting = static_cast<int64_t>(s)};
      trial.overrides = search::overrides_of(settings[s]);
      if (!seeds.empty()) trial.overrides.push_back("seed=" + seeds[repeat % seeds.size()]);
      if (!folds.empty())
        trial.overrides.push_back(
            fmt::format("{}={}", kFold, folds[repeat * folds.size() / repeats]));
      trials.push_back(std::move(trial));
    }
  }
  if (std::ssize(trials) > search::kMaxSettings)
    throw ConfigError(fmt::format("{} trials are more than {}; take fewer seeds or settings.",
                                  trials.size(), search::kMaxSettings));
  return trials;
}

std::vector<double> rung_shares(const SweepPlan& plan, std::span<const Trial> trials) {
  if (!plan.halving) return {1};
  int64_t settings = 0;
  for (const Trial& trial : trials) settings = std::max(settings, trial.setting + 1);
  return search::rung_shares(settings, plan.halving->eta);
}

std::string identity_of(const SweepPlan& plan) {
  json axes = json::array();
  for (const search::Axis& axis : plan.space.axes) axes.push_back(axis.key + "=" + axis.text);
  json value{{"axes", axes},
             {"fixed", plan.space.fixed},
             {"method", search::method_name(plan.sample.method)},
             {"count", plan.sample.count},
             {"search_seed", plan.sample.seed},
             {"metric", plan.metric},
             {"lower_is_better", plan.lower_is_better},
             {"base", plan.base}};
  if (plan.seeds) value["seeds"] = *plan.seeds;
  if (plan.folds) value["folds"] = *plan.folds;
  if (plan.halving) {
    value["eta"] = plan.halving->eta;
    value["is_asynchronous"] = plan.halving->is_asynchronous;
  }
  return json_text(value);
}

SweepPlan plan_from(std::string_view identity) {
  try {
    const json value = parse_json(identity);
    SweepPlan plan;
    plan.space = search::parse_space(value.at("axes").get<std::vector<std::string>>());
    plan.space.fixed = value.at("fixed").get<std::vector<std::string>>();
    for (const auto method :
         {search::Method::kGrid, search::Method::kRandom, search::Method::kSobol})
      if (value.at("method") == search::method_name(method)) plan.sample.method = method;
    plan.sample.count = value.at("count");
    plan.sample.seed = value.at("search_seed");
    plan.metric = value.at("metric");
    plan.lower_is_better = value.at("lower_is_better");
    plan.base = value.at("base").get<Leaves>();
    if (value.contains("seeds")) plan.seeds = value.at("seeds").get<int64_t>();
    if (value.contains("folds")) plan.folds = value.at("folds").get<int64_t>();
    if (value.contains("eta"))
      plan.halving =
          Halving{.eta = value.at("eta"), .is_asynchronous = value.at("is_asynchronous")};
    return plan;
  } catch (const json::exception& error) {
    throw DataError(fmt::format("the register's description of the sweep: {}", error.what()));
  }
}

std::vector<std::string> differences(const SweepPlan& before, const SweepPlan& now) {
  std::vector<std::string> lines;
  const auto compare = [&](const Leaves& old, const Leaves& present) {
    for (const auto& [key, value] : old) {
      const auto found = present.find(key);
      if (found == present.end()) {
        lines.push_back(fmt::format("{}: {}, now none", key, value));
      } else if (found->second != value) {
        lines.push_back(fmt::format("{}: {}, now {}", key, value, found->second));
      }
    }
    for (const auto& [key, value] : present)
      if (!old.contains(key)) lines.push_back(fmt::format("{}: none, now {}", key, value));
  };
  compare(decisions(before), decisions(now));
  compare(before.base, now.base);
  return lines;
}

}  // namespace stoker::sweep
