#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "stoker/core/bus_error.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/shown.h"
#include "stoker/core/terminal.h"
#include "stoker/machine/versions.h"
#include "usage.h"
#include "verb.h"

namespace stoker::app {

bool is_override(const std::string& word) {
  std::error_code too_long_for_a_path;
  return word.find('=') != std::string::npos && !std::filesystem::exists(word, too_long_for_a_path);
}

namespace {

int fail(ExitCode code, const char* kind, const std::string& message) {
  hide_line();
  const std::string prefix = fmt::format("stoker: {}:", kind);
  fmt::print(stderr, "{} {}\n", has_colors(STDERR_FILENO) ? styled(Style::kRed, prefix) : prefix,
             shown_message(message));
  return static_cast<int>(code);
}

const char* kind_of(ExitCode code) {
  switch (code) {
    case ExitCode::kUsage:
      return "configuration";
    case ExitCode::kData:
      return "data";
    case ExitCode::kDevice:
      return "device";
    case ExitCode::kOutOfMemory:
      return "out of memory";
    case ExitCode::kDiverged:
      return "diverged";
    case ExitCode::kInterrupted:
      return "interrupted";
    default:
      return "internal error";
  }
}

// What did not reach its reader (a full disk) must not look like success.
ExitCode with_whole_output(const Action& action) {
  const auto fail_if_cut = [] {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw FileError(fmt::format("standard output: {}", std::strerror(errno)));
  };
  try {
    const ExitCode code = action();
    fail_if_cut();
    return code;
  } catch (const std::system_error&) {  // {fmt}'s, when a write failed
    fail_if_cut();
    throw;
  }
}

int run(int argc, char** argv) {
  CLI::App app{"stoker trains image classifiers from a YAML file.", "stoker"};
  app.require_subcommand(1);
  app.set_version_flag("--version", machine::versions_text());
  app.footer(
      "Example:\n"
      "  stoker train configs/quickstart.yaml\n"
      "  stoker eval runs/quickstart/1\n"
      "Each verb has a --help of its own.");
  Action action;
  add_train(app, action);
  add_eval(app, action);
  add_predict(app, action);
  add_bench(app, action);
  add_resume_check(app, action);
  add_data(app, action);
  add_config(app, action);
  if (const auto code = check_verbs(app, argc, argv)) return static_cast<int>(*code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(explain(app, error, argc, argv));
  }
  install_interrupt_handlers();
  install_bus_error_handler();
  return static_cast<int>(with_whole_output(action));
}

}  // namespace
}  // namespace stoker::app

int main(int argc, char** argv) {
  using stoker::ExitCode;
  try {
    return stoker::app::run(argc, argv);
  } catch (const stoker::FileError& error) {
    return stoker::app::fail(error.exit_code(), "file", error.what());
  } catch (const stoker::Error& error) {
    return stoker::app::fail(error.exit_code(), stoker::app::kind_of(error.exit_code()),
                             error.what());
  } catch (const std::bad_alloc&) {
    return stoker::app::fail(ExitCode::kOutOfMemory, "out of memory",
                             "the system has no more memory for this process. Lower "
                             "train.microbatch, data.prefetch_mib, or set data.cache=none.");
  } catch (const std::filesystem::filesystem_error& error) {
    return stoker::app::fail(ExitCode::kData, "file",
                             fmt::format("{}: {}", error.path1().string(), error.code().message()));
  } catch (const std::exception& error) {
    return stoker::app::fail(
        ExitCode::kInternal, "internal error",
        fmt::format("{}\nThis is a defect of stoker; please report it.", error.what()));
  }
}
