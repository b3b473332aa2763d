#include "stoker/run/batch_rule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "stoker/config/config.h"
#include "stoker/core/error.h"
#include "stoker/tuning/lr_scaling.h"

namespace stoker::run {

namespace {

constexpr const char* kLr = "optimizer.lr";
constexpr const char* kEmaDecay = "algorithms.ema.decay";
constexpr const char* kMoreDecays = "algorithms.ema.more_decays";

std::optional<double> number_at(const config::Node* node) {
  return node != nullptr && node->is_scalar() ? config::parse_number(node->scalar) : std::nullopt;
}

const config::Node* ema_of(const config::Node& values) {
  const config::Node* algorithms = values.find("algorithms");
  if (algorithms == nullptr) return nullptr;
  for (const config::Node& algorithm : algorithms->items) {
    if (const config::Node* ema = algorithm.find("ema")) return ema;
  }
  return nullptr;
}

// "algorithms.ema.more_decays=[0.98, 0.999]"; "" where there are none.
std::string more_decays(const config::Node& ema, const tuning::BatchScaling& scaling) {
  std::vector<std::string> scaled;
  for (const config::Node& decay : ema.find("more_decays")->items)
    scaled.push_back(config::number_text(scaling.per_image(number_at(&decay).value())));
  if (scaled.empty()) return "";
  return fmt::format("{}=[{}]", kMoreDecays, fmt::join(scaled, ", "));
}

// Keys of the rates of a config, with their values: the optimizer's, and those of others that have
// some of its parameters.
std::vector<std::pair<std::string, double>> rates_of(const config::Node& values) {
  std::vector<std::pair<std::string, double>> rates;
  const auto add = [&](const std::string& key, const config::Node* optimizer) {
    const config::Node* lr = optimizer != nullptr ? optimizer->find("lr") : nullptr;
    if (const auto number = number_at(lr)) rates.emplace_back(key + ".lr", *number);
  };
  const config::Node* optimizer = values.find("optimizer");
  add("optimizer", optimizer);
  add("optimizer.rest", optimizer->find("rest"));
  const config::Node* groups = optimizer->find("groups");
  for (size_t i = 0; groups != nullptr && i < groups->items.size(); ++i)
    add(fmt::format("optimizer.groups.{}.optimizer", i), groups->items[i].find("optimizer"));
  return rates;
}

}  // namespace

void begin_at_base_batch(RunConfig& config) {
  if (config.train.batch_size) return;
  if (!config.tune.base_batch_size) {
    throw ConfigError(
        "train.batch_size: auto: expected tune.base_batch_size as well, the batch that "
        "optimizer.lr "
        "was chosen for: the rate follows the batch from there, and the batch gets no smaller.");
  }
  config.train.batch_size = config.tune.base_batch_size;
}

std::vector<std::string> follow_batch(RunConfig& config) {
  if (!config.tune.base_batch_size) return {};
  const tuning::BatchScaling scaling{.base_batch = *config.tune.base_batch_size,
                                     .batch = config.train.batch_size.value(),
                                     .rule = config.tune.lr_rule};
  const config::Node values = config::to_node(config::fields_of(config));
  const auto rates = rates_of(values);
  STOKER_CHECK(!rates.empty() && rates.front().first == kLr, "the optimizer {} has no lr",
               config.optimizer.name());
  const config::Node* ema = ema_of(values);
  const tuning::RecipeValues recipe{
      .lr = rates.front().second,
      .ema_decay = ema != nullptr ? number_at(ema->find("decay")) : std::nullopt};
  std::vector<std::string> scaled;
  for (const auto& [key, lr] : rates)
    scaled.push_back(fmt::format("{}={}", key, config::number_text(lr * scaling.lr_factor())));
  if (recipe.ema_decay) {
    scaled.push_back(
        fmt::format("{}={}", kEmaDecay, config::number_text(scaling.per_image(*recipe.ema_decay))));
    if (const std::string more = more_decays(*ema, scaling); !more.empty()) scaled.push_back(more);
  }
  config = config::load_overrides<RunConfig>(scaled, std::move(config)).options;
  config.tune.base_batch_size.reset();
  return scaling.words(recipe);
}

}  // namespace stoker::run
