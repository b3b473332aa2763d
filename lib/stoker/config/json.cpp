#include "stoker/config/json.h"

#include "stoker/config/print.h"
#include "stoker/config/values.h"
#include "stoker/core/json_text.h"

namespace stoker::config {

namespace {

nlohmann::ordered_json scalar_to_json(const Node& node) {
  if (node.quoted) return node.scalar;
  switch (plain_type(node.scalar)) {
    case PlainType::kNull:
      return nullptr;
    case PlainType::kBool:
      return node.scalar[0] == 't' || node.scalar[0] == 'T';
    case PlainType::kInteger:
      if (const auto value = parse_integer(node.scalar)) return *value;
      [[fallthrough]];
    case PlainType::kNumber:
      if (const auto value = parse_number(node.scalar)) return *value;
      [[fallthrough]];
    case PlainType::kText:
      break;
  }
  return node.scalar;
}

}  // namespace

nlohmann::ordered_json to_json(const Node& node) {
  if (node.is_null()) return nullptr;
  if (node.is_scalar()) return scalar_to_json(node);
  if (node.is_list()) {
    auto list = nlohmann::ordered_json::array();
    for (const Node& item : node.items) list.push_back(to_json(item));
    return list;
  }
  auto map = nlohmann::ordered_json::object();
  for (const Entry& entry : node.entries) map[entry.key] = to_json(entry.value);
  return map;
}

std::string dump(const nlohmann::ordered_json& json) { return json_text(json, 2) + "\n"; }

std::string print_json(const Node& tree) { return dump(to_json(tree)); }

}  // namespace stoker::config
