// One line that says how far a piece of work is, made to fit a width: the training bar, and those
// of evaluation, prediction, packing, checking and downloads.
//
//   progress_line({.head = "epoch 3/8", .done = 61, .of = 156, .count = "61/156",
//                  .parts = {"loss 1.234", "3,512 img/s"}}, screen_columns());
//   // epoch 3/8  ███████████░░░░░░░░░░░░░░░░░░░ 61/156  loss 1.234  3,512 img/s
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stoker {

struct ProgressText {
  std::string head;
  int64_t done = 0, of = 0;  // of = 0: not known, so there is no bar
  std::string count;         // done and of, for a person
  std::vector<std::string> parts;
};

// At most `columns` - 3 columns: a line that fills the last one wraps on some terminals, and before
// it stands the ^C that a terminal writes at a line's end. As it narrows, first the bar shrinks,
// then parts are left out from the right, then the bar, and at last the text is cut.
std::string progress_line(const ProgressText& text, int columns);

// "1,234/5,000", the first as wide as the second, so that what follows does not move.
std::string count_text(int64_t done, int64_t of);
// "0:07", "3:45", "1:02:03", "2d 03h"
std::string clock_text(double seconds);

// Columns that UTF-8 text takes on a terminal: 2 for a wide character, 0 for a combining one.
int text_columns(std::string_view text);
// As many of its characters as fit. Control characters and bytes that are no UTF-8 become '?'.
std::string cut_to_columns(std::string_view text, int columns);

}  // namespace stoker
