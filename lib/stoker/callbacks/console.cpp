#include "stoker/callbacks/console.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "stoker/callbacks/columns.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;
using Clock = std::chrono::steady_clock;

// "3/8": the epoch under way (counted from 1) of all, which may be a fraction.
std::string epoch_text(const State& state) {
  const double of = state.facts.plan.epoch(state.facts.plan.total_steps);
  const double at = std::ceil(state.epoch() - 1e-9);
  return fmt::format("epoch {:.0f}/{:g}", std::min(at, std::ceil(of)), std::round(of * 100) / 100);
}

// "  loss 1.234  lr 0.40": what the console shows of a line.
std::string figures(std::span<const Column> columns, const State& state) {
  std::string text;
  for (const Column& column : columns) {
    if (column.console == nullptr) continue;
    const std::string figure =
        std::visit([&](auto value) { return column.console(static_cast<double>(value)); },
                   column.value(state));
    if (!figure.empty()) text += "  " + figure;
  }
  return text;
}

// Where a line can be drawn again.
bool is_screen() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && terminal != nullptr &&
         std::string_view(terminal) != "dumb" && !std::string_view(terminal).empty();
}

int screen_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

class Console : public train::Callback {
 public:
  explicit Console(const LogOptions& options) : shows_bar_(options.progress && is_screen()) {}
  ~Console() override { clear_bar(); }

  void observe(Event event, const train::View& view) override {
    const State& state = view.state;
    if (event == Event::kStepDone && shows_bar_) draw_bar(state);
    if (event == Event::kLog) line(log_line(state));
    if (event == Event::kEvalStart && shows_bar_) draw("evaluating …");
    if (event == Event::kEvalDone && state.eval) line(eval_line(state));
    if (event == Event::kFitDone || event == Event::kEvalFailed) clear_bar();
  }

 private:
  void line(const std::string& text) {
    clear_bar();
    log().info(text);
  }

  void draw_bar(const State& state) {
    if (Clock::now() - drawn_at_ < std::chrono::milliseconds(100)) return;
    const int64_t in_epoch = (state.position.step - 1) % state.facts.plan.steps_per_epoch + 1;
    draw(progress_line(epoch_text(state), in_epoch, state.facts.plan.steps_per_epoch,
                       screen_columns()));
  }

  void draw(const std::string& text) {
    put("\r\x1b[2K" + text);
    drawn_at_ = Clock::now();
    is_drawn_ = true;
  }

  void clear_bar() {
    if (!is_drawn_) return;
    put("\r\x1b[2K");
    is_drawn_ = false;
  }

  // A terminal that went away is no reason to stop.
  static void put(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

  bool shows_bar_;
  bool is_drawn_ = false;
  Clock::time_point drawn_at_{};
};

}  // namespace

std::string progress_line(std::string_view epoch, int64_t done, int64_t of, int columns) {
  constexpr int kWidest = 30, kNarrowest = 5;
  const std::string count = fmt::format("{}/{}", done, of);
  // A line that fills the last column would wrap on some terminals.
  const int room = columns - 1 - static_cast<int>(epoch.size() + count.size()) - 3;
  if (room < kNarrowest)
    return fmt::format("{} {}", epoch, count).substr(0, std::max(columns - 1, 0));
  const int width = std::min(room, kWidest);
  const int64_t filled = width * done / of;
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  return fmt::format("{}  {} {}", epoch, bar, count);
}

std::string log_line(const State& state) {
  return fmt::format("{}  step {}/{}{}", epoch_text(state), state.position.step,
                     state.facts.plan.total_steps, figures(train_columns(), state));
}

std::string eval_line(const State& state) {
  return fmt::format("{}  val{}  {} images in {:.1f} s", epoch_text(state),
                     figures(eval_columns(), state), human_count(state.eval->result.images),
                     state.eval->time_s);
}

std::unique_ptr<train::Callback> make_console(const LogOptions& options) {
  return std::make_unique<Console>(options);
}

}  // namespace stoker::callbacks
