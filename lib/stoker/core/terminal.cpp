#include "stoker/core/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "stoker/core/progress_text.h"

namespace stoker {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_screen(int descriptor) {
  const std::string_view terminal = variable("TERM");
  return isatty(descriptor) == 1 && !terminal.empty() && terminal != "dumb";
}

struct Line {
  std::mutex mutex;
  std::string text;  // empty: none is shown
  int columns = 0;   // that it took
  Clock::time_point drawn_at{};
};

Line& line() {
  static Line the_line;
  return the_line;
}

// Most terminals wrap what is on them when they become narrower: then the line has several rows.
std::string erasure(const Line& drawn) {
  if (drawn.text.empty()) return "";
  const int rows = (std::max(drawn.columns, 1) - 1) / screen_columns();
  return rows == 0 ? "\r\x1b[2K" : fmt::format("\r\x1b[{}A\x1b[J", rows);
}

// A terminal that went away is no reason to stop.
void put(const std::string& bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

bool is_screen() { return is_screen(STDERR_FILENO); }

int screen_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool has_colors(int descriptor) {
  if (!variable("NO_COLOR").empty()) return false;
  const std::string_view force = variable("CLICOLOR_FORCE");
  return (!force.empty() && force != "0") || is_screen(descriptor);
}

std::string styled(Style style, std::string_view text) {
  const int code = style == Style::kRed ? 31 : style == Style::kYellow ? 33 : 2;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string dim_name(std::string_view text) {
  return fmt::format("{}{}{}", kDimBegin, text, kDimEnd);
}

void show_line(std::string_view text) {
  Line& shown = line();
  const std::lock_guard lock(shown.mutex);
  put((shown.text.empty() ? "\r\x1b[2K" : erasure(shown)) + std::string(text));
  shown.text = text;
  shown.columns = text_columns(text);
  shown.drawn_at = Clock::now();
}

void hide_line() {
  Line& shown = line();
  const std::lock_guard lock(shown.mutex);
  if (shown.text.empty()) return;
  put(erasure(shown));
  shown.text.clear();
}

bool is_line_due() {
  Line& shown = line();
  const std::lock_guard lock(shown.mutex);
  return shown.text.empty() || Clock::now() - shown.drawn_at >= std::chrono::milliseconds(100);
}

void write_above_line(std::string_view lines) {
  Line& shown = line();
  const std::lock_guard lock(shown.mutex);
  // What was cut for a wider screen would wrap now; the next drawing fits again.
  shown.text = cut_to_columns(shown.text, screen_columns() - 1);
  const std::string erased = erasure(shown);
  put(erased + std::string(lines) + shown.text);
  shown.columns = text_columns(shown.text);
}

}  // namespace stoker
