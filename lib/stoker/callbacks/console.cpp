#include "stoker/callbacks/console.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "stoker/core/log.h"
#include "stoker/core/text.h"
#include "stoker/machine/memory.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::LogWindow;
using train::State;
using Clock = std::chrono::steady_clock;

// "3/8": the epoch under way (counted from 1) of all, which may be a fraction.
std::string epoch_text(const State& state) {
  const double of = state.plan.epoch(state.plan.total_steps);
  const double at = std::ceil(state.plan.epoch(state.step) - 1e-9);
  return fmt::format("epoch {:.0f}/{:g}", std::min(at, std::ceil(of)), std::round(of * 100) / 100);
}

// Where a line can be drawn anew.
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

  void observe(Event event, const State& state) override {
    if (event == Event::kStepDone && shows_bar_) draw_bar(state);
    if (event == Event::kLog) line(log_line(state));
    if (event == Event::kEvalStart && shows_bar_) draw("evaluating …");
    if (event == Event::kEvalDone && state.eval) line(eval_line(state));
    if (event == Event::kFitDone) clear_bar();
  }

 private:
  void line(const std::string& text) {
    clear_bar();
    log().info(text);
  }

  void draw_bar(const State& state) {
    if (Clock::now() - drawn_at_ < std::chrono::milliseconds(100)) return;
    const int64_t in_epoch = (state.step - 1) % state.plan.steps_per_epoch + 1;
    draw(progress_line(epoch_text(state), in_epoch, state.plan.steps_per_epoch, screen_columns()));
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
  const LogWindow& w = state.window;
  const double loss = w.loss_images > 0 ? w.loss_sum / static_cast<double>(w.loss_images)
                                        : std::numeric_limits<double>::quiet_NaN();
  std::string text =
      fmt::format("{}  step {}/{}  loss {:.3f}  lr {:.3g}  {} img/s  data {:.0f}%  mem {:.1f} GiB",
                  epoch_text(state), state.step, state.plan.total_steps, loss, w.lr,
                  human_count(std::llround(static_cast<double>(w.images) / w.time_s)),
                  100 * w.data_wait_s / w.time_s, machine::memory_gib(state.device));
  if (w.skipped_steps > 0) text += fmt::format("  skipped {}", w.skipped_steps);
  return text;
}

std::string eval_line(const State& state) {
  const metrics::ClassificationResult& r = state.eval->result;
  return fmt::format("{}  val  loss {:.3f}  top1 {:.2f}%  top5 {:.2f}%  {} images in {:.1f} s",
                     epoch_text(state), r.loss, 100 * r.top1, 100 * r.top5, human_count(r.images),
                     state.eval->time_s);
}

std::unique_ptr<train::Callback> make_console(const LogOptions& options) {
  return std::make_unique<Console>(options);
}

}  // namespace stoker::callbacks
