#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "bodies.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/inspect/first_config.h"

namespace stoker::app {

ExitCode config_init(const ConfigInitArguments& arguments) {
  const std::string yaml = inspect::first_config(arguments.data);
  if (arguments.out.empty()) {
    fmt::print("{}", yaml);
    return ExitCode::kDone;
  }
  if (std::filesystem::exists(arguments.out))
    throw ConfigError(
        fmt::format("--out {}: is there already; name another file, or remove it", arguments.out));
  write_file_atomically(real_file_system(), arguments.out, as_bytes(yaml));
  fmt::print("{} is written; train with: stoker train {}\n", arguments.out, arguments.out);
  return ExitCode::kDone;
}

}  // namespace stoker::app
