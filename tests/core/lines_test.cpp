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

TEST_CASE("lines: a zero byte is no text, and its line is named") {
  using namespace std::string_view_literals;
  CHECK_THROWS_WITH(text_lines("a.png\nb\0.png\n"sv, "list.txt"),
                    Catch::Contains("list.txt: a zero byte in line 2"));
}

TEST_CASE("lines: quotes around a whole line are not part of it") {
  CHECK(from_line("\"a, b.png\"") == "a, b.png");
  CHECK(from_line(" \"a\"\"b\"\"\" \t") == "a\"b\"");
  CHECK(from_line("\"\"") == "");
  for (const char* line :
       {"a", " a ", "\"a", "a\"", "\"", "\"a\" and \"b\"", "\"a\"b\"", "tench, Tinca"})
    CHECK(from_line(line) == line);
  for (const char* text : {"a", "\"a\"", "\"a", " \"a\"\"\" ", "\"\"", "\"a\" and \"b\"", ""})
    CHECK(from_line(as_line(text)) == text);
  CHECK(as_line("great white shark, \"jaws\"") == "great white shark, \"jaws\"");
}

TEST_CASE("lines: lower case is that of A to Z alone") {
  CHECK(lower_case("Val-ÄZ@[09") == "val-Äz@[09");
}
