// `stoker runs` and `stoker compare`: what runs' folders say, without LibTorch.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "bodies.h"
#include "stoker/core/error.h"
#include "stoker/core/interrupt.h"
#include "stoker/core/terminal.h"
#include "stoker/report/compare.h"
#include "stoker/report/run_table.h"

namespace stoker::app {

namespace {

std::string page_of(const RunsArguments& arguments, size_t most) {
  const auto runs = runs::find_runs(arguments.folder);
  const auto now = std::chrono::system_clock::now();
  return arguments.json ? report::runs_json(runs, now, arguments.watch ? -1 : 2)
                        : report::runs_text(runs, now, most);
}

size_t screen_rows() {
  constexpr size_t kUsual = 24;
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4 ? size.ws_row : kUsual;
}

// Sleeps in pieces, so that a signal ends the wait.
void wait_s(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (interrupt_signal() == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

// Over the lines of the look before on a terminal; one page after the other elsewhere.
ExitCode watch(const RunsArguments& arguments) {
  const bool is_redrawn = !arguments.json && isatty(STDOUT_FILENO) != 0 && is_screen();
  constexpr size_t kOtherLines = 4;
  set_interrupt_notices("", "");  // a signal is how it ends
  while (interrupt_signal() == 0) {
    const std::string page = page_of(arguments, is_redrawn ? screen_rows() - kOtherLines : 0);
    if (is_redrawn)
      fmt::print("\x1b[H\x1b[2J{}", page);
    else
      fmt::print("{}", page);
    if (std::fflush(stdout) != 0) break;  // told by the caller
    wait_s(arguments.every_s);
  }
  return ExitCode::kDone;
}

}  // namespace

ExitCode list_runs(const RunsArguments& arguments) {
  if (!(arguments.every_s >= 0.1 && arguments.every_s <= 86400))
    throw ConfigError(
        fmt::format("--every: read {:g}, expected 0.1 to 86400 seconds.", arguments.every_s));
  if (arguments.watch) return watch(arguments);
  fmt::print("{}", page_of(arguments, 0));
  return ExitCode::kDone;
}

ExitCode compare_runs(const CompareArguments& arguments) {
  if (arguments.runs.size() < 2)
    throw ConfigError("compare: one run was named; expected two or more.");
  std::vector<report::RunRecord> runs;
  for (const std::string& path : arguments.runs) runs.push_back(report::read_run(path));
  const report::Comparison comparison = report::compare(runs);
  fmt::print("{}",
             arguments.json ? report::compare_json(comparison) : report::compare_text(comparison));
  return ExitCode::kDone;
}

}  // namespace stoker::app
