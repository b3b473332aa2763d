#include <unordered_map>
#include <utility>

#include "stoker/config/load.h"

namespace stoker::config {

namespace {

constexpr std::string_view kName = "name";

// The word that a map or a bare word (`optimizer: sgd`) chooses by; null if it does not.
const Node* chosen_name(const Node& node) {
  const Node* name = node.is_map() ? node.find(kName) : &node;
  return name != nullptr && name->is_scalar() ? name : nullptr;
}

// `sgd` as {name: sgd}.
Node spell_out(Node word) {
  Node map;
  map.kind = Kind::kMap;
  map.location = word.location;
  word.from_bare_word = true;
  map.set(std::string(kName), std::move(word));
  return map;
}

Node merge_maps(Node lower, const Node& upper) {
  lower.entries.reserve(lower.entries.size() + upper.entries.size());  // keeps the views valid
  std::unordered_map<std::string_view, size_t> index;
  for (size_t i = 0; i < lower.entries.size(); ++i) index.emplace(lower.entries[i].key, i);
  for (const Entry& entry : upper.entries) {
    const auto found = index.find(entry.key);
    if (found == index.end()) {
      lower.entries.push_back(entry);
    } else {
      Entry& old = lower.entries[found->second];
      old.location = entry.location;
      old.value = merge_values(std::move(old.value), entry.value);
    }
  }
  lower.location = upper.location;
  return lower;
}

}  // namespace

Node merge_values(Node lower, const Node& upper) {
  if (!lower.is_map() && !(lower.is_scalar() && upper.is_map())) return upper;
  if (!upper.is_map() && !upper.is_scalar()) return upper;
  const Node* above = chosen_name(upper);
  const Node* below = chosen_name(lower);
  if (above != nullptr && below != nullptr && above->scalar != below->scalar) return upper;
  if (lower.is_scalar()) lower = spell_out(std::move(lower));
  return merge_maps(std::move(lower), upper.is_map() ? upper : spell_out(upper));
}

Node merge(Node lower, const Node& upper) {
  if (lower.is_null()) return upper;
  if (upper.is_null()) return lower;
  return merge_maps(std::move(lower), upper);
}

}  // namespace stoker::config
