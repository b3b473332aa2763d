// The configurations of trials, read and checked by the program that will train them, in one
// process for all.
//
//   const auto checked = check_configs({"/usr/bin/stoker"}, "configs/a.yaml", {{}, {"seed=1"}});
//   checked[0].text("name");
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::sweep {

struct CheckedConfig {
  std::string problems;  // "" for a good one
  std::string resolved;  // the configuration as JSON, every value

  // A value by its path, "train.epochs"; nothing where there is none or it is no such value.
  std::optional<std::string> text(std::string_view path) const;
  std::optional<double> number(std::string_view path) const;
};

// program: the words that stand before "config check". One answer for each list of overrides.
// Throws ConfigError where the file itself cannot be read.
std::vector<CheckedConfig> check_configs(const std::vector<std::string>& program,
                                         const std::filesystem::path& config,
                                         std::span<const std::vector<std::string>> overrides);

}  // namespace stoker::sweep
