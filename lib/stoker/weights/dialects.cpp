#include "stoker/weights/dialects.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

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

}  // namespace stoker::weights
