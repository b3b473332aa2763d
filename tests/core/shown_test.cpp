#include "stoker/core/shown.h"

#include "support/catch.h"

namespace stoker {
namespace {

TEST_CASE("a terminal gets no control characters out of names") {
  CHECK(shown("plain né 猫 😀 back\\slash") == "plain né 猫 😀 back\\slash");
  CHECK(shown("a\x1b[2Jb") == "a\\x1b[2Jb");
  CHECK(shown("two\nlines\tand\rmore\x7f") == "two\\nlines\\tand\\rmore\\x7f");
  CHECK(shown(std::string_view("\0", 1)) == "\\x00");
  CHECK(shown("\xC2\x9B"
              "31m") == "\\xc2\\x9b31m");  // CSI in one character
  CHECK(shown("caf\xE9") == "caf\\xe9");
  CHECK(shown("\x9B"
              "31m") == "\\x9b31m");
  CHECK(shown("\xE7\x8C") == "\\xe7\\x8c");
  CHECK(shown("").empty());
}

TEST_CASE("a message keeps its lines") {
  CHECK(shown_message("one\n  two\x1b[0m\n") == "one\n  two\\x1b[0m\n");
}

}  // namespace
}  // namespace stoker
