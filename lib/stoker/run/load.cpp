#include "stoker/run/load.h"

#include <algorithm>
#include <string_view>

#include "stoker/core/utf8.h"
#include "stoker/data/table.h"
#include "stoker/run/task.h"

namespace stoker::run {

namespace {

// The file's name as the name of a folder and a word of YAML: what is not UTF-8, and control
// characters, become "_".
std::string name_of(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  std::string name;
  for (std::string_view rest = stem; !rest.empty();) {
    const size_t length = utf8_length(rest);
    const bool is_shown = length > 0 && !is_control(rest, length);
    name.append(is_shown ? rest.substr(0, length) : "_");
    rest.remove_prefix(std::max<size_t>(length, 1));
  }
  return name;
}

}  // namespace

config::Loaded<RunConfig> load_run_config(const std::filesystem::path& path,
                                          std::span<const std::string> overrides) {
  config::Loaded<RunConfig> loaded = config::load<RunConfig>(path, overrides);
  if (loaded.options.name.empty()) loaded.options.name = name_of(path);
  settle_task(loaded.options, loaded.provenance);
  data::require_format(loaded.options.data, path.string());
  return loaded;
}

std::string resolved_yaml(RunConfig config) {
  return config::print_yaml(config::to_node(config::fields_of(config)));
}

}  // namespace stoker::run
