#include "stoker/config/scalar.h"

#include <algorithm>

#include "stoker/config/values.h"

namespace stoker::config {

bool within(double value, const Field& field) {
  const bool enough = field.minimum_excluded ? value > field.minimum : value >= field.minimum;
  return enough && value <= field.maximum;
}

template <>
std::optional<bool> read_scalar(const Node& node, const Field&) {
  if (!node.is_scalar() || node.quoted || plain_type(node.scalar) != PlainType::kBool)
    return std::nullopt;
  return node.scalar[0] == 't' || node.scalar[0] == 'T';
}

template <>
std::optional<int64_t> read_scalar(const Node& node, const Field& field) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  const std::optional<int64_t> value = parse_integer(node.scalar);
  return value && within(static_cast<double>(*value), field) ? value : std::nullopt;
}

template <>
std::optional<double> read_scalar(const Node& node, const Field& field) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  const std::optional<double> value = parse_number(node.scalar);
  return value && within(*value, field) ? value : std::nullopt;
}

template <>
std::optional<std::string> read_scalar(const Node& node, const Field& field) {
  if (!node.is_scalar()) return std::nullopt;
  const auto& words = field.allowed;
  if (!words.empty() && std::find(words.begin(), words.end(), node.scalar) == words.end())
    return std::nullopt;
  return node.scalar;
}

}  // namespace stoker::config
