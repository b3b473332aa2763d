#include "stoker/run/load.h"

#include "stoker/data/table.h"

namespace stoker::run {

config::Loaded<RunConfig> load_run_config(const std::filesystem::path& path,
                                          std::span<const std::string> overrides) {
  config::Loaded<RunConfig> loaded = config::load<RunConfig>(path, overrides);
  if (loaded.options.name.empty()) loaded.options.name = path.stem().string();
  data::require_format(loaded.options.data, path.string());
  return loaded;
}

std::string resolved_yaml(RunConfig config) {
  return config::print_yaml(config::to_node(config::fields_of(config)));
}

}  // namespace stoker::run
