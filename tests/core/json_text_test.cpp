#include "stoker/core/json_text.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "support/catch.h"

namespace stoker {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

TEST_CASE("JSON is laid out as nlohmann's library does it") {
  const ordered_json value{{"z", 1},
                           {"a", {1.5, -2, nullptr, true}},
                           {"empty", ordered_json::array()},
                           {"none", ordered_json::object()},
                           {"text", "né 猫 \"\\"},
                           {"deep", {{"er", {{"est", 1e300}}}}},
                           {"nan", std::numeric_limits<double>::quiet_NaN()}};
  for (const int indent : {-1, 0, 2, 4}) CHECK(json_text(value, indent) == value.dump(indent));
  const json sorted = value;
  CHECK(json_text(sorted, 2) == sorted.dump(2));
  CHECK(json_text(json()) == "null");
}

TEST_CASE("bytes that are no UTF-8 are written, and read back as they were") {
  const std::string all = [] {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    return bytes;
  }();
  for (const std::string& name :
       {std::string("caf\xE9"), std::string("\xED\xB2\xA9"), std::string("\\udce9"), all,
        std::string("\xF4\x8F\xBF\xBF\xC2\xA9"), std::string("\xF4\x8F\xBF\xBF\xE9\xFF"),
        std::string("😀\xF0\x9F\x98"), std::string("a\x1b[2Jb\xC2\x9B")}) {
    const json value{{"classes", {name, "plain"}}, {name, 1}};
    const std::string text = json_text(value, 2);
    CHECK(parse_json(text) == value);
    CHECK(try_parse_json(text) == value);
    const ordered_json ordered = value;
    CHECK(try_parse_ordered_json(text) == ordered);
    // No raw control but the line feeds of the layout, nothing that is no UTF-8.
    CHECK_NOTHROW(json(text).dump());
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\xC2\x9B") == std::string::npos);
  }
}

TEST_CASE("JSON of other writers is read") {
  CHECK(parse_json(R"({"a": "\uDCE9\ud83d\ude00\uDBFF\uDFFF"})")["a"] == "\xE9😀\xF4\x8F\xBF\xBF");
  CHECK(parse_json(R"(["\\udce9", "\udcff"])") == json({"\\udce9", "\xFF"}));
  // Other lone surrogates stand for no byte.
  for (const char* bad : {R"("\udc7f \udcff")", R"("\ud800 \udcff")", R"("\udcff)", R"(["\udcff",)",
                          R"("\ud83d\udce9" x)"}) {
    CHECK_THROWS_AS(parse_json(bad), json::parse_error);
    CHECK(try_parse_json(bad).is_discarded());
    CHECK(try_parse_ordered_json(bad).is_discarded());
  }
}

}  // namespace
}  // namespace stoker
