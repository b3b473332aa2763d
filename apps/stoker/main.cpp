#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "stoker/core/bus_error.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/terminal.h"
#include "stoker/core/text.h"
#include "stoker/machine/versions.h"
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
             message);
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

// CLI11 says of a misspelt verb only that there is none.
void check_verb(const CLI::App& app, const std::string& word) {
  if (word.starts_with('-')) return;
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return;
  const std::vector<std::string_view> words(names.begin(), names.end());
  const std::string_view near = nearest(word, words);
  throw ConfigError(fmt::format("unknown verb `{}`{}; expected one of {}.", word,
                                near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near),
                                join(words, ", ")));
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
  if (argc > 1) check_verb(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == 0;
    app.exit(error);
    return is_help ? 0 : static_cast<int>(ExitCode::kUsage);
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
