#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>

#include "stoker/core/error.h"
#include "stoker/optim/optimizer.h"

namespace stoker::optim {
namespace {

std::regex compile(const std::string& pattern, size_t entry) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    throw ConfigError(
        fmt::format("optimizer.groups[{}].match: \"{}\" is no regular expression: {}.", entry,
                    pattern, error.what()));
  }
}

[[noreturn]] void throw_unused(const std::string& pattern, size_t entry, bool shadowed,
                               const NamedTensors& parameters) {
  if (shadowed) {
    throw ConfigError(fmt::format(
        "optimizer.groups[{}].match: \"{}\" only matches parameters that an earlier entry takes. "
        "Remove it or move it up.",
        entry, pattern));
  }
  std::string names;
  for (size_t i = 0; i < parameters.size() && i < 4; ++i)
    names += fmt::format("{}{}", i ? ", " : "", parameters[i].first);
  throw ConfigError(
      fmt::format("optimizer.groups[{}].match: \"{}\" matches none of the {} parameters ({}{}).",
                  entry, pattern, parameters.size(), names, parameters.size() > 4 ? ", …" : ""));
}

// Norms and biases have one dimension; of what is larger, learned positions and tokens are no
// weights of a product either (timm's no_weight_decay).
bool is_spared_decay(std::string_view name, const at::Tensor& parameter) {
  static constexpr std::array<std::string_view, 5> kTables{
      "pos_embed", "cls_token", "dist_token", "reg_token", "relative_position_bias_table"};
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return parameter.dim() <= 1 || std::ranges::find(kTables, last) != kTables.end();
}

}  // namespace

void describe(GroupOptions& options, config::Fields& fields) {
  fields(
      "match", options.match,
      "regular expression searched in the parameter's name; the first entry that matches decides")
      .required();
  fields("lr_factor", options.lr_factor, "times lr").at_least(0);
  fields("decay_factor", options.decay_factor, "times weight_decay").at_least(0);
  fields("optimizer", options.optimizer, group_optimizers(),
         "another optimizer for these parameters, with a rate of its own; null: the run's");
}

void describe(InnerOptions& options, config::Fields& fields) {
  fields("weight_decay", options.weight_decay,
         "pull of these weights towards zero; inherit: that of the run's optimizer")
      .at_least(0)
      .unset_as("inherit");
}

void describe(LookaheadOptions& options, config::Fields& fields) {
  fields("every_steps", options.every_steps,
         "steps after which slow weights move towards the others, which go on from there")
      .positive()
      .unset_as("none");
  fields("alpha", options.alpha, "share of the way that the slow weights move").in(0, 1);
}

bool is_in_first_layer(const ModelParts& parts, std::string_view name) {
  return std::ranges::any_of(parts.first_layer,
                             [&](const std::string& prefix) { return name.starts_with(prefix); });
}

bool is_in_head(const ModelParts& parts, std::string_view name) {
  return !parts.head.empty() && name.starts_with(parts.head);
}

void describe(CommonOptions& options, config::Fields& fields) {
  fields("weight_decay", options.weight_decay, "pull of the weights towards zero").at_least(0);
  fields("no_decay_norm_bias", options.no_decay_norm_bias,
         "no weight decay on biases, norms, learned positions and tokens");
  fields("layer_decay", options.layer_decay,
         "times lr for each layer further from the classifier, as fine-tuning likes it; 1: all "
         "layers learn alike")
      .above(0)
      .at_most(1);
  fields("lookahead", options.lookahead,
         "slow weights that follow the optimizer's at some distance (Zhang et al. 2019)");
  fields("groups", options.groups,
         "factors on lr and weight_decay, or another optimizer, by parameter name");
}

double inner_decay(const config::Choice& inner, double weight_decay) {
  if (inner.empty()) return weight_decay;
  return inner.common<InnerOptions>().weight_decay.value_or(weight_decay);
}

std::vector<ParameterGroup> make_groups(const NamedTensors& parameters,
                                        const CommonOptions& options) {
  const std::vector<GroupOptions>& groups = options.groups;
  std::vector<std::regex> patterns;
  for (size_t i = 0; i < groups.size(); ++i) patterns.push_back(compile(groups[i].match, i));

  ParameterGroup plain{.weight_decay = options.weight_decay}, undecayed;
  std::vector<ParameterGroup> matched;
  for (const GroupOptions& group : groups) {
    matched.push_back(
        {.lr_factor = group.lr_factor,
         .weight_decay = inner_decay(group.optimizer, options.weight_decay) * group.decay_factor,
         .optimizer = group.optimizer});
  }
  std::vector<bool> shadowed(groups.size());
  for (const auto& [name, parameter] : parameters) {
    ParameterGroup* target =
        options.no_decay_norm_bias && is_spared_decay(name, parameter) ? &undecayed : &plain;
    bool is_decided = false;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (!std::regex_search(name, patterns[i])) continue;
      if (is_decided) {
        shadowed[i] = true;
      } else {
        target = &matched[i];
        is_decided = true;
      }
    }
    target->parameters.emplace_back(name, parameter);
  }

  std::vector<ParameterGroup> result;
  for (ParameterGroup* group : {&plain, &undecayed})
    if (!group->parameters.empty()) result.push_back(std::move(*group));
  for (size_t i = 0; i < groups.size(); ++i) {
    if (matched[i].parameters.empty()) throw_unused(groups[i].match, i, shadowed[i], parameters);
    result.push_back(std::move(matched[i]));
  }
  return result;
}

}  // namespace stoker::optim
