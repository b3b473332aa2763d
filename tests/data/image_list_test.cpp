#include "stoker/data/image_list.h"

#include <sstream>

#include "support/catch.h"

namespace stoker::data {
namespace {

std::vector<std::string> listed(const std::string& text, char separator = '\n') {
  std::istringstream input(text);
  std::vector<std::string> names;
  for (const auto& path : find_images(std::vector<std::string>{"-"}, input, separator))
    names.push_back(path.string());
  return names;
}

TEST_CASE("a list of images is read as other tools write it", "[image_list]") {
  const std::vector<std::string> expected{"a.png", "b c.png"};
  for (const char* text : {"a.png\nb c.png\n", "a.png\r\nb c.png\r\n\r\n", "a.png\rb c.png",
                           "\xEF\xBB\xBF"
                           "a.png\n\nb c.png\n\n",
                           "\"a.png\"\r\n  \n\t\r\n \"b c.png\"\n"}) {
    CAPTURE(text);
    CHECK(listed(text) == expected);
  }
  CHECK(listed("").empty());
  CHECK(listed("\"a\"\"b\"\nsay \"a\"") == std::vector<std::string>{"a\"b", "say \"a\""});
}

TEST_CASE("names that end in zeros are taken byte by byte", "[image_list]") {
  using namespace std::string_literals;
  CHECK(listed("a\r\nb\0 c\0"s, '\0') == std::vector<std::string>{"a\r\nb", " c"});
  CHECK(listed("a\0b"s, '\0') == std::vector<std::string>{"a", "b"});
  CHECK(listed("\"a\"\0\0"s, '\0') == std::vector<std::string>{"\"a\""});
  CHECK_THROWS_WITH(listed("a\0b"s), Catch::Contains("zero bytes") && Catch::Contains("--null"));
}

}  // namespace
}  // namespace stoker::data
