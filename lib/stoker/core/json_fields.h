// Fields of JSON objects in files that somebody may have changed: absent, or of another kind.
//
//   const std::optional<double> steps = number_in(summary, "steps");
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace stoker {

// Json is nlohmann's json or ordered_json, an object.

template <typename Json>
std::optional<double> number_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->template get<double>();
}

// "" where there is none.
template <typename Json>
std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->template get<std::string>() : "";
}

// An empty list where there is none.
template <typename Json>
const Json& list_in(const Json& object, const char* key) {
  static const Json none = Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : none;
}

}  // namespace stoker
