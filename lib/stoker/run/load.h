// A RunConfig from files and overrides.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "stoker/config/config.h"
#include "stoker/run/run_config.h"

namespace stoker::run {

// As config::load; a run without a name gets the file's. Throws ConfigError.
config::Loaded<RunConfig> load_run_config(const std::filesystem::path& path,
                                          std::span<const std::string> overrides = {});

// The resolved configuration as YAML that reads back to the same.
std::string resolved_yaml(RunConfig config);

}  // namespace stoker::run
