#include "stoker/models/transfer.h"

#include <algorithm>
#include <array>
#include <regex>

#include "stoker/core/error.h"
#include "stoker/models/model.h"

namespace stoker::models {
namespace {

std::regex compile(const std::string& pattern, size_t entry) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    throw ConfigError(fmt::format("model.freeze.{}: \"{}\" is no regular expression: {}.", entry,
                                  pattern, error.what()));
  }
}

std::string some_names(const Model& model) {
  constexpr size_t kShown = 6;
  std::string text;
  size_t count = 0;
  for (const auto& parameter : model.named_parameters()) {
    if (++count <= kShown) text += fmt::format("{}{}", count > 1 ? ", " : "", parameter.key());
  }
  return fmt::format("{} parameters ({}{})", count, text, count > kShown ? ", …" : "");
}

}  // namespace

std::span<const std::string_view> enum_names(Head) {
  static constexpr std::array<std::string_view, 2> kNames{"keep", "reset"};
  return kNames;
}

void describe(TransferOptions& options, config::Fields& fields) {
  fields("weights", options.weights,
         "begin with the weights of a .safetensors file, the index.json of a sharded one, a folder "
         "that holds either as model.safetensors, a run or checkpoint of stoker, or a hub's "
         "OWNER/NAME "
         "in the cache on this machine (timm/resnet50.a1_in1k)")
      .unset_as("none")
      .fixed_on_resume("they are loaded when a run begins, and never again");
  fields("head", options.head,
         "keep: the weights hold the classifier too; reset: it starts new, as another number of "
         "classes needs")
      .fixed_on_resume("it decides with what a run begins");
  fields("freeze", options.freeze,
         "regular expressions; parameters in whose name one finds something stay as they are, and "
         "batch norms of which nothing learns keep their statistics")
      .fixed_on_resume("the optimizer's state belongs to the parameters that learn");
}

FrozenParameters freeze(Model& model, const std::vector<std::string>& patterns) {
  std::vector<std::regex> expressions;
  for (size_t i = 0; i < patterns.size(); ++i) expressions.push_back(compile(patterns[i], i));
  std::vector<bool> found(patterns.size());
  FrozenParameters frozen;
  bool learns = false;
  for (auto& parameter : model.named_parameters()) {
    bool is_frozen = false;
    for (size_t i = 0; i < expressions.size(); ++i) {
      if (!std::regex_search(parameter.key(), expressions[i])) continue;
      found[i] = true;
      is_frozen = true;
    }
    if (is_frozen) {
      parameter.value().set_requires_grad(false);
      frozen.names.push_back(parameter.key());
      frozen.values += parameter.value().numel();
    }
    learns = learns || parameter.value().requires_grad();
  }
  const auto unused = std::find(found.begin(), found.end(), false);
  if (unused != found.end()) {
    const auto entry = static_cast<size_t>(unused - found.begin());
    throw ConfigError(fmt::format("model.freeze.{}: \"{}\" matches none of the model's {}.", entry,
                                  patterns[entry], some_names(model)));
  }
  if (!patterns.empty() && !learns) {
    throw ConfigError(
        "model.freeze: every parameter would stay as it is, so there is nothing to train. Leave "
        "out the classifier at least, or use `stoker eval`.");
  }
  return frozen;
}

}  // namespace stoker::models
