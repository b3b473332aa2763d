#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "bodies.h"
#include "stoker/core/error.h"
#include "stoker/core/file.h"
#include "stoker/core/output.h"
#include "stoker/core/shown.h"
#include "stoker/inspect/first_config.h"

namespace stoker::app {

ExitCode config_init(const ConfigInitArguments& arguments) {
  const std::string out = arguments.out.empty() ? "-" : arguments.out;
  check_output("--out", out, OutputKind::kText);
  // Unlike results, a config may have been edited since.
  if (std::filesystem::is_regular_file(out) && !is_standard_output(out))
    throw ConfigError(
        fmt::format("--out {}: is there already; name another file, or remove it", out));
  const std::string yaml = inspect::first_config(arguments.data);
  write_output("--out", out, as_bytes(yaml));
  if (!is_standard_output(out) && !is_special_file(out))
    fmt::print("{} is written; train with: stoker train {}\n", shown(out), shown(out));
  return ExitCode::kDone;
}

}  // namespace stoker::app
