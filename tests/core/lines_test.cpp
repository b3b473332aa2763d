#include "stoker/core/lines.h"

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using Lines = std::vector<std::string_view>;

TEST_CASE("lines: whatever ends them, they are the same") {
  for (const char* text : {"a\n\nb c\n", "a\r\n\r\nb c\r\n", "a\r\rb c\r", "a\n\nb c",
                           "\xEF\xBB\xBF"
                           "a\n\nb c\n \n\t\r\n\n"}) {
    CAPTURE(text);
    CHECK(text_lines(text, "list.txt") == Lines{"a", "", "b c"});
  }
  for (const char* text : {"", "\n", "\r\n", " \n\n", "\xEF\xBB\xBF"})
    CHECK(text_lines(text, "list.txt").empty());
  CHECK(text_lines("\n a ", "list.txt") == Lines{"", " a "});
}

TEST_CASE("lines: UTF-16 is refused by name") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {"\xFF\xFE"
                                      "a\0"sv,
                                      "\xFE\xFF\0a"sv})
    CHECK_THROWS_WITH(text_lines(text, "list.txt"),
                      Catch::Contains("list.txt: the text is UTF-16, expected UTF-8"));
}

TEST_CASE("lines: trimmed takes spaces and tabs off both ends") {
  CHECK(trimmed(" \ta b\t ") == "a b");
  CHECK(trimmed("") == "");
  CHECK(trimmed(" \t") == "");
}
