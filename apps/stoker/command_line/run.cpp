#include "command_line/run.h"

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

#include "command_line/usage.h"
#include "stoker/core/bus_error.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/shown.h"
#include "stoker/core/terminal.h"
#include "stoker/core/text.h"
#include "stoker/launch/place.h"

namespace stoker::app {

namespace {

bool has_json_errors = false;  // --json-errors

// {"rank":1,"host":"a1","exit_code":3,"message":"…"}
std::string error_object(ExitCode code, const std::string& message) {
  int64_t rank = 0;
  try {
    rank = launch::find_place(launch::process_environment()).rank;
  } catch (const Error&) {
    // The message is of these variables, as a rule.
  }
  return fmt::format(R"({{"rank":{},"host":{},"exit_code":{},"message":{}}})", rank,
                     json_string(launch::host_name()), static_cast<int>(code),
                     json_string(message));
}

int fail(ExitCode code, const char* kind, const std::string& message) {
  hide_line();
  if (has_json_errors) {
    fmt::print(stderr, "{}\n", error_object(code, message));
    return static_cast<int>(code);
  }
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

void declare(CLI::App& app, Action& action, const Bodies& bodies) {
  app.require_subcommand(1);
  app.set_version_flag("--version", bodies.versions);
  app.add_flag("--json-errors", has_json_errors,
               "Print an error as one JSON object: rank, host, exit_code, message");
  app.footer(
      "Example:\n"
      "  stoker train configs/quickstart.yaml\n"
      "  stoker eval runs/quickstart/1\n"
      "Each verb has a --help of its own.");
  add_train(app, action, bodies.train);
  add_eval(app, action, bodies.eval);
  add_predict(app, action, bodies.predict);
  add_export(app, action, bodies.export_weights);
  add_tune(app, action, bodies.tune);
  add_bench(app, action, bodies.bench);
  add_profile(app, action, bodies.profile);
  add_resume_check(app, action, bodies.resume_check);
  add_sweep(app, action, bodies.sweep);
  add_doctor(app, action, bodies.doctor);
  add_runs(app, action, bodies.runs);
  add_compare(app, action, bodies.compare);
  add_report(app, action, bodies.report);
  add_data(app, action, bodies.data);
  add_models(app, action, bodies.models);
  add_config(app, action, bodies.config);
  add_completion(app, action, bodies.completion);
}

int parse_and_act(int argc, char** argv, const Bodies& bodies) {
  CLI::App app{"stoker trains image classifiers from a YAML file.", "stoker"};
  Action action;
  declare(app, action, bodies);
  if (const auto code = check_verbs(app, argc, argv)) return static_cast<int>(*code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(
        with_whole_output([&] { return explain(app, error, bodies.keys_named, argc, argv); }));
  }
  install_interrupt_handlers();
  // For verbs that say no more about it, as training and sweeps do.
  set_interrupt_notices("stopping; once more leaves at once", "");
  install_bus_error_handler();
  return static_cast<int>(with_whole_output(action));
}

}  // namespace

int run(int argc, char** argv, const Bodies& bodies, const std::function<int()>& hand_over) {
  try {
    try {
      return parse_and_act(argc, argv, bodies);
    } catch (const HandOver&) {
      return hand_over();
    }
  } catch (const FileError& error) {
    return fail(error.exit_code(), "file", error.what());
  } catch (const Error& error) {
    return fail(error.exit_code(), kind_of(error.exit_code()), error.what());
  } catch (const std::bad_alloc&) {
    return fail(ExitCode::kOutOfMemory, "out of memory",
                "the system has no more memory for this process. Lower train.microbatch, "
                "data.prefetch_mib, or set data.cache=none.");
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(ExitCode::kData, "file",
                fmt::format("{}: {}", error.path1().string(), error.code().message()));
  } catch (const std::exception& error) {
    return fail(ExitCode::kInternal, "internal error",
                fmt::format("{}\nThis is a defect of stoker; please report it.", error.what()));
  }
}

}  // namespace stoker::app
