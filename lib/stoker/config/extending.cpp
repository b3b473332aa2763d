#include "stoker/config/extending.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "stoker/config/load.h"

namespace stoker::config {
namespace {

// The value at an override's path in `merged`, as far as the path leads through maps of `base`:
// below a list the list is given as a whole.
void set_from(Node& into, const Node& base, const Node& merged, std::string_view path) {
  const size_t dot = std::min(path.find('.'), path.size());
  const std::string key(path.substr(0, dot));
  const Node* value = merged.find(key);
  if (value == nullptr) return;
  const Node* below = base.find(key);
  const bool is_last = dot == path.size();
  if (is_last || below == nullptr || !below->is_map() || !value->is_map()) {
    into.set(key, *value);
    return;
  }
  Node child;
  child.kind = Kind::kMap;
  if (const Node* before = into.find(key); before != nullptr && before->is_map()) child = *before;
  set_from(child, *below, *value, path.substr(dot + 1));
  into.set(key, std::move(child));
}

}  // namespace

Node extending(const std::string& path, const Node& base, std::span<const std::string> overrides,
               const Node& defaults) {
  Node merged = base, own;
  own.kind = Kind::kMap;
  own.set("extends", make_scalar(path, /*quoted=*/false, {}));
  for (const std::string& word : overrides)
    merged = with_override(std::move(merged), word, defaults);
  for (const std::string& word : overrides)
    set_from(own, base, merged, std::string_view(word).substr(0, word.find('=')));
  return own;
}

}  // namespace stoker::config
