// Reading of options out of text, as most tests here want it.
#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "stoker/config/config.h"
#include "stoker/config/yaml.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::test {

inline config::Node parse(std::string_view text) {
  return config::parse_yaml(text, {.origin = config::Origin::kFile, .source = "a.yaml"});
}

inline config::Loaded<TestOptions> read(std::string_view text) {
  config::Loaded<TestOptions> loaded;
  config::Fields fields = config::fields_of(loaded.options);
  loaded.provenance = config::read_fields(parse(text), fields);
  return loaded;
}

// The message of the ConfigError that `action` throws, "" if it throws none.
template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

inline std::string read_error(std::string_view text) {
  return message_of([&] { read(text); });
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace stoker::test
