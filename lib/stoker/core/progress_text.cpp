#include "stoker/core/progress_text.h"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cmath>

#include "stoker/core/text.h"

namespace stoker {
namespace {

constexpr int kWidestBar = 30, kNarrowestBar = 10, kNarrowestBarAlone = 5;
constexpr int kLeftFree = 3;  // columns

// The C library's tables of widths, whatever locale the process runs in.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(handle())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t handle() {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8;  // null leaves the locale as it is
  }
  locale_t before_;
};

struct Character {
  std::string_view bytes;
  int columns = 1;
};

// The first character of text that is not empty.
Character first_character(std::string_view text) {
  wchar_t code = 0;
  mbstate_t state{};
  const size_t size = mbrtowc(&code, text.data(), text.size(), &state);
  const int columns = size >= 1 && size <= text.size() ? wcwidth(code) : -1;
  if (columns < 0) return {"?", 1};
  return {text.substr(0, size), columns};
}

struct Fitted {
  std::string text;
  int columns = 0;
};

Fitted fit(std::string_view text, int columns) {
  const Utf8Locale utf8;
  Fitted fitted;
  while (!text.empty()) {
    const Character next = first_character(text);
    if (fitted.columns + next.columns > columns) break;
    fitted.text += next.bytes;
    fitted.columns += next.columns;
    text.remove_prefix(next.bytes.size());
  }
  return fitted;
}

std::string bar_text(int64_t done, int64_t of, int width) {
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(of), 0.0, 1.0);
  const int filled = static_cast<int>(share * width);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  return bar;
}

}  // namespace

int text_columns(std::string_view text) { return fit(text, INT32_MAX).columns; }

std::string cut_to_columns(std::string_view text, int columns) { return fit(text, columns).text; }

std::string progress_line(const ProgressText& text, int columns) {
  const int room = std::max(columns - kLeftFree, 0);
  const std::string head = cut_to_columns(text.head, room);
  for (size_t parts = text.parts.size() + 1; parts-- > 0;) {
    std::string tail = text.count;
    for (size_t i = 0; i < parts; ++i) {
      if (!tail.empty()) tail += "  ";
      tail += text.parts[i];
    }
    const int taken = text_columns(head) + text_columns(tail);
    if (text.of <= 0) {
      if (taken + 2 <= room) return tail.empty() ? head : fmt::format("{}  {}", head, tail);
      continue;
    }
    const int bar = std::min(room - taken - 3, kWidestBar);
    if (bar < (parts > 0 ? kNarrowestBar : kNarrowestBarAlone)) continue;
    return fmt::format("{}  {} {}", head, bar_text(text.done, text.of, bar), tail);
  }
  return cut_to_columns(text.count.empty() ? head : head + " " + text.count, room);
}

std::string count_text(int64_t done, int64_t of) {
  const std::string whole = human_count(of);
  return fmt::format("{:>{}}/{}", human_count(done), whole.size(), whole);
}

std::string clock_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "?";
  const int64_t whole = std::llround(seconds);
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours >= 48) return fmt::format("{}d {:02}h", hours / 24, hours % 24);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

}  // namespace stoker
