// Optimizers with options, by the names that a config has.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "stoker/optim/optimizer.h"
#include "support/catch.h"

namespace stoker::optim::test {

inline void set(const config::EnumRef& option, const std::string& word) {
  const auto found = std::ranges::find(option.names, word);
  REQUIRE(found != option.names.end());
  option.set(static_cast<int>(found - option.names.begin()));
}

// Sets a described option by its name, as a config file would.
inline config::Choice choice(const std::string& name, const nlohmann::json& options) {
  config::Choice result = optimizers().pick(name);
  config::Fields fields;
  optimizers().describe(result, fields);
  for (const auto& [key, number] : options.items()) {
    bool known = false;
    for (const config::Field& field : fields.list()) {
      if (field.name != key) continue;
      known = true;
      if (bool* const* flag = std::get_if<bool*>(&field.ref)) **flag = number.get<bool>();
      if (double* const* real = std::get_if<double*>(&field.ref)) **real = number.get<double>();
      if (int64_t* const* count = std::get_if<int64_t*>(&field.ref))
        **count = number.get<int64_t>();
      if (const auto* word = std::get_if<config::EnumRef>(&field.ref)) set(*word, number);
    }
    INFO(key);
    REQUIRE(known);
  }
  return result;
}

}  // namespace stoker::optim::test
