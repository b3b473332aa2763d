#include "stoker/callbacks/console.h"

#include "support/catch.h"

using namespace stoker;
using callbacks::progress_line;

namespace {
// Columns that a line of ASCII and three-byte block characters takes.
int columns_of(const std::string& line) {
  return int(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}
}  // namespace

TEST_CASE("the progress bar fits whatever the terminal's width") {
  for (int columns = 1; columns <= 120; ++columns) {
    CAPTURE(columns);
    CHECK(columns_of(progress_line("epoch 12/90", 601, 1251, columns)) <= columns - 1);
  }
  CHECK(columns_of(progress_line("epoch 12/90", 601, 1251, 200)) == 11 + 2 + 30 + 1 + 8);
}

TEST_CASE("the progress bar is as full as the epoch") {
  CHECK(progress_line("epoch 1/2", 2, 4, 80).find("███████████████░░░░░░░░░░░░░░░ 2/4") !=
        std::string::npos);
  CHECK(progress_line("epoch 1/2", 4, 4, 80).find("░") == std::string::npos);
  CHECK(progress_line("epoch 1/2", 1, 4, 18) == "epoch 1/2 1/4");  // too narrow for a bar
}
