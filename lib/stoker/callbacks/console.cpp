#include "stoker/callbacks/console.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cctype>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "stoker/callbacks/columns.h"
#include "stoker/callbacks/training_bar.h"
#include "stoker/core/log.h"
#include "stoker/core/terminal.h"
#include "stoker/core/text.h"

namespace stoker::callbacks {

namespace {

using train::Event;
using train::State;

// "loss 1.234" with its name dim; a figure that names its unit, "3,512 img/s", as it is.
std::string with_dim_name(const std::string& figure) {
  const size_t space = figure.find(' ');
  const bool is_named = space != std::string::npos && std::islower(figure[0]) != 0;
  return is_named ? dim_name(figure.substr(0, space)) + figure.substr(space) : figure;
}

double number_of(const Column& column, const State& state) {
  return std::visit([](auto value) { return static_cast<double>(value); }, column.value(state));
}

std::string column_text(const Column& column, double value, const State& state) {
  return column.may_lack && !std::isfinite(value) ? "" : column.console(value, state);
}

// "  loss 1.234  lr 0.40": what the console shows of a line.
std::string figures(std::span<const Column> columns, const State& state) {
  std::string text;
  for (const Column& column : columns) {
    if (column.console == nullptr) continue;
    const std::string figure = column_text(column, number_of(column, state), state);
    if (!figure.empty()) text += "  " + with_dim_name(figure);
  }
  return text;
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

class Console : public train::Callback {
 public:
  explicit Console(const LogOptions& options) : shows_bar_(options.progress && is_screen()) {}
  ~Console() override { hide_bar(); }

  void observe(Event event, const train::View& view) override {
    const State& state = view.state;
    if (event == Event::kLog) log().info(log_line(state));
    if (event == Event::kEvalDone && state.eval) log().info(eval_line(state));
    if (shows_bar_) show_progress(event, view);
  }

 private:
  void show_progress(Event event, const train::View& view) {
    switch (event) {
      case Event::kFitStart:
        bar_.start(view.state);
        break;
      case Event::kStepDone:
        bar_.step_done(view.state);
        if (is_line_due()) draw(bar_.text(view.state));
        break;
      case Event::kLog:
        bar_.logged(view.state);
        break;
      case Event::kEvalStart:
        eval_bar_.emplace(view.state);
        draw(eval_bar_->text());
        break;
      case Event::kEvalProgress:
        eval_bar_->note(*view.eval_progress);
        if (is_line_due()) draw(eval_bar_->text());
        break;
      case Event::kEvalDone:
        bar_.leave_out(eval_bar_->elapsed_s());
        draw(bar_.text(view.state));
        break;
      case Event::kEvalFailed:
      case Event::kFitDone:
        hide_bar();
        break;
      default:
        break;
    }
  }

  static void draw(const ProgressText& text) { show_line(progress_line(text, screen_columns())); }
  void hide_bar() const {
    if (shows_bar_) hide_line();
  }

  bool shows_bar_;
  TrainingBar bar_;
  std::optional<EvaluationBar> eval_bar_;
};

}  // namespace

std::unique_ptr<train::Callback> make_console(const LogOptions& options) {
  return std::make_unique<Console>(options);
}

}  // namespace stoker::callbacks
