// Overrides of the command line: `a.b=value`.
#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "stoker/config/load.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "stoker/core/text.h"

namespace stoker::config {

namespace {

constexpr size_t kMaxParts = 32;  // of a path

[[noreturn]] void fail(const Location& at, const std::string& problem) {
  throw ConfigError(fmt::format("{}: {}", to_string(at), problem));
}

struct Override {
  std::vector<std::string> path;
  Node value;
  Location location;
};

Override parse_override(std::string_view text) {
  const Location at{.origin = Origin::kOverride, .source = std::string(text)};
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    fail(at, "expected `key=value`, for example `train.batch_size=512`.");
  Override result{.path = {}, .value = {}, .location = at};
  std::string_view key = text.substr(0, equals);
  while (true) {
    const size_t dot = key.find('.');
    result.path.emplace_back(key.substr(0, dot));
    if (result.path.back().empty())
      fail(at, "a part of the key is empty; write it as in `train.batch_size=512`.");
    if (dot == std::string_view::npos) break;
    key.remove_prefix(dot + 1);
  }
  if (result.path.size() > kMaxParts) fail(at, "the key has too many parts.");
  result.value = parse_yaml(text.substr(equals + 1), at);
  // `data.root=` is the empty text.
  if (equals + 1 == text.size()) result.value = make_scalar("", true, at);
  return result;
}

std::optional<size_t> as_index(std::string_view part) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return index;
}

// The name of a list's item: `flip` of `- flip: {…}` and of `- flip`.
std::string_view item_name(const Node& item) {
  if (item.is_scalar()) return item.scalar;
  return item.is_map() && item.entries.size() == 1 ? std::string_view(item.entries[0].key) : "";
}

// Lays `value` over what stands at a path below a node.
class Setter {
 public:
  explicit Setter(const Override& override) : override_(override) {}

  // defaults: what the node would be if no file said anything, or null.
  Node set(Node node, size_t depth, const Node* defaults) const {
    if (depth == override_.path.size()) return merge_values(std::move(node), override_.value);
    if (node.is_null() && defaults != nullptr && defaults->is_list()) node = *defaults;
    if (node.is_null() && as_index(part(depth)) == size_t{0}) node.kind = Kind::kList;
    if (node.is_list()) return set_in_list(std::move(node), depth);
    return set_in_map(std::move(node), depth, defaults);
  }

 private:
  const std::string& part(size_t depth) const { return override_.path[depth]; }

  static Node map_of(std::string key, Node value, const Location& location) {
    Node map;
    map.kind = Kind::kMap;
    map.location = location;
    map.set(std::move(key), std::move(value));
    return map;
  }

  Node set_in_map(Node node, size_t depth, const Node* defaults) const {
    if (depth + 1 == override_.path.size()) {
      const Node upper = map_of(part(depth), override_.value, override_.location);
      return depth == 0 ? merge(std::move(node), upper) : merge_values(std::move(node), upper);
    }
    if (node.is_scalar()) {  // `optimizer: sgd` and `optimizer.groups.0=…`
      const Location location = node.location;
      node.from_bare_word = true;
      node = map_of("name", std::move(node), location);
    } else if (node.is_null()) {
      node.kind = Kind::kMap;
      node.location = override_.location;
    }
    if (defaults != nullptr && depth > 0 && !same_choice(node, *defaults)) defaults = nullptr;
    const Node* next = defaults != nullptr ? defaults->find(part(depth)) : nullptr;
    const Node* old = node.find(part(depth));
    node.set(part(depth), set(old != nullptr ? *old : Node(), depth + 1, next));
    return node;
  }

  // Defaults of another row of a table say nothing.
  static bool same_choice(const Node& node, const Node& defaults) {
    const Node* usual = defaults.find("name");
    const Node* name = node.find("name");
    return usual == nullptr || name == nullptr || name->scalar == usual->scalar;
  }

  Node set_in_list(Node list, size_t depth) const {
    if (const std::optional<size_t> index = as_index(part(depth))) {
      if (*index > list.items.size())
        fail(override_.location, fmt::format("{}: there is no item {}; the list has {}.",
                                             path_up_to(depth), *index, list.items.size()));
      if (*index == list.items.size()) list.items.emplace_back();
      Node& item = list.items[*index];
      if (depth + 1 < override_.path.size() && item.is_scalar() && item.scalar == part(depth + 1))
        item = with_options(item);
      item = set(std::move(item), depth + 1, nullptr);
    } else {
      // An item found by its name is a map of that one key.
      Node& item = list.items[find_item(list, depth)];
      if (item.is_scalar()) item = with_options(item);
      item = set_in_map(std::move(item), depth, nullptr);
    }
    return list;
  }

  // The item `- flip` as `- flip:`.
  static Node with_options(const Node& word) {
    Node nothing;
    nothing.location = word.location;
    return map_of(word.scalar, std::move(nothing), word.location);
  }

  size_t find_item(const Node& list, size_t depth) const {
    std::vector<size_t> found;
    std::vector<std::string_view> names;
    for (size_t i = 0; i < list.items.size(); ++i) {
      names.push_back(item_name(list.items[i]));
      if (names.back() == part(depth)) found.push_back(i);
    }
    if (found.size() == 1) return found[0];
    const std::string path = path_up_to(depth);
    if (found.size() > 1)
      fail(override_.location,
           fmt::format("{}: {} items are called {}; say which by its index, `{}.{}`.", path,
                       found.size(), part(depth), path, found[0]));
    std::erase(names, "");
    if (list.items.empty())
      fail(override_.location,
           fmt::format("{}: the list is empty; its first item is `{}.0`.", path, path));
    if (names.empty())
      fail(override_.location,
           fmt::format("{}: its items have no names; address them by index, `{}.0`.", path, path));
    fail(override_.location, fmt::format("{}: no item is called {}; there are: {}.", path,
                                         part(depth), join(names, ", ")));
  }

  std::string path_up_to(size_t depth) const {
    std::string path;
    for (size_t i = 0; i < depth; ++i) path += (i == 0 ? "" : ".") + part(i);
    return path;
  }

  const Override& override_;
};

}  // namespace

Node with_override(Node tree, std::string_view override, const Node& defaults) {
  const Override parsed = parse_override(override);
  return Setter(parsed).set(std::move(tree), 0, &defaults);
}

}  // namespace stoker::config
