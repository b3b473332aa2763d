#include "stoker/core/progress_text.h"

#include "stoker/core/pace.h"
#include "support/catch.h"

using namespace stoker;

namespace {

// All numbers differ, and the head has wide characters and a combining one: "épreuve 训练 3/8".
const ProgressText kText{.head = "e\u0301preuve \u8bad\u7ec3 3/8",
                         .done = 61,
                         .of = 1571,
                         .count = "  61/1,571",
                         .parts = {"loss 1.234", "lr 0.4", "3,512 img/s", "eta 0:12", "run 3:45"}};

}  // namespace

TEST_CASE("columns are those of a terminal, not bytes") {
  CHECK(text_columns("") == 0);
  CHECK(text_columns("abc") == 3);
  CHECK(text_columns("█░") == 2);
  CHECK(text_columns("\u8bad\u7ec3") == 4);
  CHECK(text_columns("e\u0301") == 1);
  CHECK(text_columns("\U0001F525") == 2);
  CHECK(cut_to_columns("a\u8bad\u7ec3", 3) == "a\u8bad");
  CHECK(cut_to_columns("a\u8bad\u7ec3", 4) == "a\u8bad");
  CHECK(cut_to_columns("evil\x1b[2J\r\n\xE9", 99) == "evil?[2J???");
  CHECK(cut_to_columns("abc", 0).empty());
}

TEST_CASE("a line of progress leaves room for ^C before the last column, at any width") {
  int widest = 0;
  for (int columns = 1; columns <= 200; ++columns) {
    CAPTURE(columns);
    const int taken = text_columns(progress_line(kText, columns));
    const int room = std::max(columns - 3, 0);
    CHECK(taken <= room);
    widest = std::max(widest, taken);
    ProgressText unknown = kText;
    unknown.of = 0;
    CHECK(text_columns(progress_line(unknown, columns)) <= room);
  }
  CHECK(widest == 16 + 2 + 30 + 1 + 10 + 2 + 10 + 2 + 6 + 2 + 11 + 2 + 8 + 2 + 8);
}

TEST_CASE("as it narrows, a line of progress loses its parts from the right, then its bar") {
  size_t parts_before = 0;
  bool had_bar = false;
  for (int columns = 1; columns <= 200; ++columns) {
    CAPTURE(columns);
    const std::string line = progress_line(kText, columns);
    size_t parts = 0;
    while (parts < kText.parts.size() && line.find(kText.parts[parts]) != std::string::npos)
      ++parts;
    for (size_t i = parts; i < kText.parts.size(); ++i)
      CHECK(line.find(kText.parts[i]) == std::string::npos);
    const bool has_bar = line.find("░") != std::string::npos;
    CHECK(parts >= parts_before);
    CHECK(has_bar >= had_bar);
    CHECK((parts == 0 || has_bar));
    parts_before = parts;
    had_bar = has_bar;
  }
  CHECK(parts_before == kText.parts.size());
}

TEST_CASE("a bar is as full as the work is done") {
  const auto filled = [](int64_t done, int64_t of) {
    const std::string line = progress_line({.head = "val", .done = done, .of = of}, 80);
    int count = 0;
    for (size_t at = 0; (at = line.find("█", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(filled(0, 7) == 0);
  CHECK(filled(1, 2) == 15);
  CHECK(filled(299, 300) == 29);  // full only when all is done
  CHECK(filled(300, 300) == 30);
  CHECK(filled(9, 7) == 30);
  CHECK(filled(int64_t{1} << 61, int64_t{1} << 62) == 15);
}

TEST_CASE("counts keep their width, times are short") {
  CHECK(count_text(61, 1571) == "   61/1,571");
  CHECK(count_text(1571, 1571) == "1,571/1,571");
  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(59.6) == "1:00");
  CHECK(clock_text(225) == "3:45");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(51 * 3600 + 59) == "2d 03h");
  CHECK(clock_text(1.0 / 0.0) == "?");
  CHECK(clock_text(0.0 / 0.0) == "?");
}

TEST_CASE("the pace is that of late") {
  Pace pace;
  CHECK(pace.per_s() == 0);
  pace.note(0, 5);  // as where a download goes on
  CHECK(pace.per_s() == 0);
  pace.note(0.1, 6);
  CHECK(pace.per_s() == Approx(10));
  for (int second = 1; second <= 100; ++second) pace.note(second, 6 + 3 * second);
  for (int second = 101; second <= 130; ++second) pace.note(second, 306 + 7 * (second - 100));
  CHECK(pace.per_s() == Approx(7));
  CHECK(pace.left_s(21) == Approx(3));
}
