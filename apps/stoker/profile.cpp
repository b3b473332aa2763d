#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "profile_report.h"
#include "stoker/core/output.h"
#include "stoker/run/load.h"
#include "stoker/runs/layout.h"
#include "torch_bodies.h"

namespace stoker::app {

namespace {

namespace fs = std::filesystem;

// Beside the trace, so that the checkpoint in it is written to the same disk; gone at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const fs::path& output) {
    const bool is_file = !is_standard_output(output) && !is_special_file(output);
    std::string name = ((is_file ? fs::absolute(output).parent_path() : fs::temp_directory_path()) /
                        ".stoker-profile-XXXXXX")
                           .string();
    if (::mkdtemp(name.data()) == nullptr)
      throw FileError(fmt::format("{}: {}", name, std::strerror(errno)));
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code stays_if_it_must;
    fs::remove_all(path_, stays_if_it_must);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

fs::path config_of(const std::string& path) {
  return fs::is_directory(path) ? fs::path(path) / runs::kConfigFile : fs::path(path);
}

}  // namespace

ExitCode profile(const ProfileArguments& arguments) {
  check_output("--output", arguments.output, OutputKind::kText);
  if (arguments.json && is_standard_output(arguments.output)) {
    throw ConfigError("of --json and --output - only one can have standard output");
  }
  const run::RunConfig config =
      run::load_run_config(config_of(arguments.path), arguments.overrides).options;
  jobs::Profile result;
  {
    const ScratchFolder scratch(arguments.output);
    result = jobs::profile_training(config, {.steps = arguments.steps, .folder = scratch.path()});
  }
  write_output("--output", arguments.output, as_bytes(result.recording.trace));
  if (arguments.json) {
    print_profile_json(result);
  } else if (!is_standard_output(arguments.output)) {
    print_profile(result, arguments.rows);
    fmt::print("\nTrace of all threads in {}: open it in https://ui.perfetto.dev\n",
               arguments.output);
  }
  return ExitCode::kDone;
}

}  // namespace stoker::app
