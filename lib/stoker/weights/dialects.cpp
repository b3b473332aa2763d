#include "stoker/weights/dialects.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include "stoker/core/error.h"

namespace stoker::weights {
namespace {

// For each tensor of a file its name in the model; "" leaves it out.
std::vector<std::string> names_in(const Dialect& dialect, const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    std::string_view plain = name;
    if (!dialect.prefix.empty() && plain.starts_with(dialect.prefix))
      plain.remove_prefix(dialect.prefix.size());
    names.push_back(renamed(plain, dialect.rules).value_or(std::string(plain)));
  }
  return names;
}

constexpr std::string_view kParts[] = {".q.", ".k.", ".v."};

std::string replaced(const std::string& name, size_t at, std::string_view part) {
  return std::string(name).replace(at, kParts[0].size(), part);
}

// "blocks.0.attn.qkv.bias" of "blocks.0.attn.k.bias"; "" of names without such a part.
std::string joined_name(const std::string& name) {
  for (const std::string_view part : kParts)
    if (const size_t at = name.rfind(part); at != std::string::npos)
      return replaced(name, at, ".qkv.");
  return "";
}

bool is_of(const std::set<std::string>& model, const std::string& name) {
  return model.contains(name) || model.contains(joined_name(name));
}

// How many of the names the model has, less those that it has not; the least of all where two
// tensors would have one name.
int64_t fit(const std::vector<std::string>& names, const std::set<std::string>& model) {
  int64_t score = 0;
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    if (!seen.insert(name).second) return std::numeric_limits<int64_t>::min();
    score += is_of(model, name) ? 1 : -1;
  }
  return score;
}

// Joins three tensors where the model has one.
NamedTensors joined(const NamedTensors& tensors, const std::set<std::string>& model) {
  std::map<std::string, at::Tensor> by_name(tensors.begin(), tensors.end());
  for (const auto& [name, tensor] : tensors) {
    const size_t at = name.rfind(kParts[0]);
    if (at == std::string::npos || !model.contains(joined_name(name))) continue;
    std::vector<at::Tensor> parts;
    for (const std::string_view part : kParts) {
      const auto found = by_name.find(replaced(name, at, part));
      if (found != by_name.end() && found->second.sizes() == tensor.sizes())
        parts.push_back(found->second);
    }
    if (parts.size() != std::size(kParts) || tensor.dim() == 0) continue;
    for (const std::string_view part : kParts) by_name.erase(replaced(name, at, part));
    by_name[joined_name(name)] = at::cat(parts);
  }
  return {by_name.begin(), by_name.end()};
}

constexpr std::string_view kBiasTable = "relative_position_bias_table";

// What torchvision has as 1x1 maps, or as a linear layer on a flattened map.
at::Tensor in_their_shape(const std::string& name, const at::Tensor& tensor) {
  if (name.ends_with("layer_scale")) return tensor.reshape({-1, 1, 1});
  if (name.starts_with("classifier.") && tensor.dim() == 4) return tensor.flatten(1);
  return tensor;
}

// For each two tokens of a window the row of a table of biases [(2 * side - 1)^2, heads] that their
// distance has, as Swin's code has it: [side^4].
at::Tensor relative_positions(const at::Tensor& table) {
  const auto wide =
      static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(table.size(0)))));
  const int64_t side = (wide + 1) / 2;
  STOKER_CHECK(wide * wide == table.size(0) && 2 * side - 1 == wide, "rows={}", table.size(0));
  const at::Tensor at = at::arange(side * side, at::kLong);
  const auto apart = [side](const at::Tensor& x) {
    return x.unsqueeze(1) - x.unsqueeze(0) + (side - 1);
  };
  return (apart(at.div(side, "floor")) * wide + apart(at.remainder(side))).flatten();
}

}  // namespace

Translation translate(NamedTensors tensors, const std::set<std::string>& model_names) {
  Translation best{.tensors = std::move(tensors)};
  std::vector<std::string> best_names;
  for (const auto& [name, tensor] : best.tensors) best_names.push_back(name);
  int64_t best_fit = fit(best_names, model_names);
  for (const Dialect& dialect : dialects()) {
    std::vector<std::string> names = names_in(dialect, best.tensors);
    const int64_t found = fit(names, model_names);
    if (found <= best_fit) continue;
    best_fit = found;
    best_names = std::move(names);
    best.dialect = dialect.name;
  }
  if (best.dialect.empty()) return best;
  NamedTensors kept;
  for (size_t i = 0; i < best_names.size(); ++i) {
    if (best_names[i].empty())
      best.left_out.push_back(best.tensors[i].first);
    else
      kept.emplace_back(best_names[i], best.tensors[i].second);
  }
  best.tensors = joined(kept, model_names);
  return best;
}

Respelling spelled_as(const NamedTensors& tensors, std::string_view dialect) {
  const std::vector<Dialect>& table = dialects();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Dialect& entry) { return entry.name == dialect; });
  STOKER_CHECK(found != table.end(), "no dialect is called {}", dialect);
  Respelling made;
  for (const auto& [name, tensor] : tensors) {
    const std::optional<std::string> theirs = respelled(name, found->rules);
    if (!theirs) {
      made.unknown.push_back(name);
      continue;
    }
    made.tensors.emplace_back(*theirs, in_their_shape(*theirs, tensor));
    const size_t table_at = theirs->rfind(kBiasTable);
    if (table_at == std::string::npos) continue;
    const std::string index = theirs->substr(0, table_at) + "relative_position_index";
    if (renamed(index, found->rules) == "")
      made.tensors.emplace_back(index, relative_positions(tensor));
  }
  return made;
}

}  // namespace stoker::weights
