#include "stoker/callbacks/console.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "stoker/callbacks/memory.h"
#include "stoker/core/log.h"
#include "stoker/core/text.h"

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

class Console : public train::Callback {
 public:
  explicit Console(const LogOptions& options)
      : shows_bar_(options.progress && isatty(STDERR_FILENO) == 1) {}
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
    constexpr int kWidth = 30;
    const int64_t in_epoch = (state.step - 1) % state.plan.steps_per_epoch + 1;
    const int64_t filled = kWidth * in_epoch / state.plan.steps_per_epoch;
    std::string bar;
    for (int i = 0; i < kWidth; ++i) bar += i < filled ? "█" : "░";
    draw(fmt::format("{}  {} {}/{}", epoch_text(state), bar, in_epoch, state.plan.steps_per_epoch));
  }

  void draw(const std::string& text) {
    fmt::print(stderr, "\r\x1b[2K{}", text);
    std::fflush(stderr);
    drawn_at_ = Clock::now();
    is_drawn_ = true;
  }

  void clear_bar() {
    if (!is_drawn_) return;
    fmt::print(stderr, "\r\x1b[2K");
    std::fflush(stderr);
    is_drawn_ = false;
  }

  bool shows_bar_;
  bool is_drawn_ = false;
  Clock::time_point drawn_at_{};
};

}  // namespace

std::string log_line(const State& state) {
  const LogWindow& w = state.window;
  const double loss = w.loss_images > 0 ? w.loss_sum / static_cast<double>(w.loss_images)
                                        : std::numeric_limits<double>::quiet_NaN();
  std::string text =
      fmt::format("{}  step {}/{}  loss {:.3f}  lr {:.3g}  {} img/s  data {:.0f}%  mem {:.1f} GiB",
                  epoch_text(state), state.step, state.plan.total_steps, loss, w.lr,
                  human_count(std::llround(static_cast<double>(w.images) / w.time_s)),
                  100 * w.data_wait_s / w.time_s, memory_gib(state.device));
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
