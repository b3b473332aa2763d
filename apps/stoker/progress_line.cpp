#include "progress_line.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "stoker/core/progress_text.h"
#include "stoker/core/terminal.h"
#include "stoker/core/text.h"

namespace stoker::app {

namespace {

constexpr int kLongestName = 200;  // columns

std::string bytes_text(double bytes) { return human_bytes(static_cast<uint64_t>(bytes)); }

std::string plain_count(ProgressUnit unit, int64_t done, int64_t of) {
  const bool is_bytes = unit == ProgressUnit::kBytes;
  const auto text = [&](int64_t n) { return is_bytes ? bytes_text(double(n)) : human_count(n); };
  if (of <= 0) return text(done) + (is_bytes ? "" : " images");
  return fmt::format("{} of {}{} ({}%)", text(done), text(of), is_bytes ? "" : " images",
                     static_cast<int>(100 * static_cast<double>(done) / static_cast<double>(of)));
}

std::string bar_count(ProgressUnit unit, int64_t done, int64_t of) {
  if (unit == ProgressUnit::kImages && of > 0) return count_text(done, of);
  const std::string text = plain_count(unit, done, of);
  return text.substr(0, text.find(" ("));
}

}  // namespace

ProgressLine::ProgressLine(ProgressLineOptions options)
    : options_(options), shows_bar_(options.bar && is_screen()) {}

ProgressLine::~ProgressLine() {
  if (shows_bar_) hide_line();
}

void ProgressLine::show(const std::string& name, int64_t done, int64_t of) {
  if (!shows_bar_ && !options_.elsewhere) return;
  const std::lock_guard lock(mutex_);
  const bool is_new = name != name_;
  if (is_new) {
    name_ = name;
    tenth_ = -1;
    pace_ = {};
  }
  pace_.note(watch_.elapsed_s(), static_cast<double>(done));
  if (!shows_bar_) {
    print_plain(done, of);
    return;
  }
  if (!is_new && !is_line_due()) return;
  ProgressText text{.head = name, .done = done, .of = of};
  text.count = bar_count(options_.unit, done, of);
  if (pace_.per_s() > 0) {
    text.parts.push_back(rate_text());
    if (of > 0) text.parts.push_back("eta " + clock_text(pace_.left_s(double(of - done))));
  }
  show_line(progress_line(text, screen_columns()));
}

void ProgressLine::print_plain(int64_t done, int64_t of) {
  const auto tenth =
      of > 0 ? static_cast<int64_t>(10 * static_cast<double>(done) / static_cast<double>(of)) : 0;
  if (tenth <= tenth_ || done == 0) return;
  tenth_ = tenth;
  fmt::print(stderr, "{}  {}  {}\n", cut_to_columns(*name_, kLongestName),
             plain_count(options_.unit, done, of), rate_text());
}

std::string ProgressLine::rate_text() const {
  return options_.unit == ProgressUnit::kBytes
             ? bytes_text(pace_.per_s()) + "/s"
             : human_count(std::llround(pace_.per_s())) + " img/s";
}

}  // namespace stoker::app
