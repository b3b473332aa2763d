#include "stoker/core/text.h"

#include <array>
#include <limits>
#include <string>

#include "support/catch.h"

using namespace stoker;

TEST_CASE("the nearest word is found, or none") {
  constexpr std::array<std::string_view, 6> kNames = {"momentum", "nesterov", "weight_decay",
                                                      "lr",       "sgd",      "label_smoothing"};
  CHECK(nearest("momentun", kNames) == "momentum");
  CHECK(nearest("mometnum", kNames) == "momentum");  // a swap is one slip
  CHECK(nearest("Weight-Decay", kNames) == "weight_decay");
  CHECK(nearest("weightdecay", kNames) == "weight_decay");
  CHECK(nearest("SGD", kNames) == "sgd");
  CHECK(nearest("sdg", kNames) == "sgd");
  CHECK(nearest("labelsmooth", kNames) == "label_smoothing");
  CHECK(nearest("epochs", kNames).empty());
  CHECK(nearest("", kNames).empty());
  CHECK(nearest("x", {}).empty());
  CHECK(nearest(std::string(1'000'000, 'm'), kNames).empty());
}

TEST_CASE("of two equally near words the first is named") {
  constexpr std::array<std::string_view, 2> kNames = {"resnet34", "resnet18"};
  CHECK(nearest("resnet14", kNames) == "resnet34");
}

TEST_CASE("bytes for a person") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1024) == "1.0 KiB");
  CHECK(human_bytes(1536ull << 20) == "1.5 GiB");
  CHECK(human_bytes(139ull << 30) == "139 GiB");
  CHECK(human_bytes((1ull << 20) - 1) == "1.0 MiB");
  CHECK(human_bytes(std::numeric_limits<uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("counts for a person") {
  CHECK(human_count(0) == "0");
  CHECK(human_count(999) == "999");
  CHECK(human_count(1000) == "1,000");
  CHECK(human_count(1'281'167) == "1,281,167");
  CHECK(human_count(-12'345) == "-12,345");
  CHECK(human_count(std::numeric_limits<int64_t>::min()) == "-9,223,372,036,854,775,808");
}

TEST_CASE("durations for a person") {
  CHECK(human_duration(0) == "0.0 s");
  CHECK(human_duration(0.012) == "12 ms");
  CHECK(human_duration(1.24) == "1.2 s");
  CHECK(human_duration(59.94) == "59.9 s");
  CHECK(human_duration(59.99) == "1 min 00 s");
  CHECK(human_duration(200) == "3 min 20 s");
  CHECK(human_duration(3599.6) == "1 h 00 min");
  CHECK(human_duration(3725) == "1 h 02 min");
  CHECK(human_duration(86'399) == "1 d 00 h");
  CHECK(human_duration(97'200) == "1 d 03 h");
  CHECK(human_duration(-200) == "-3 min 20 s");
  CHECK(human_duration(std::numeric_limits<double>::infinity()) == "?");
  CHECK(human_duration(std::numeric_limits<double>::quiet_NaN()) == "?");
}

TEST_CASE("words are joined") {
  constexpr std::array<std::string_view, 3> kWords = {"a", "b", "c"};
  CHECK(join(kWords, ", ") == "a, b, c");
  CHECK(join({}, ", ").empty());
}

TEST_CASE("cells of CSV are quoted where they must be") {
  CHECK(csv_cell("plain name.jpg") == "plain name.jpg");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("say \"cat\"") == "\"say \"\"cat\"\"\"");
  CHECK(csv_cell("two\nlines") == "\"two\nlines\"");
  CHECK(csv_cell("caf\xE9") == "caf\xE9");
  CHECK(csv_cell("").empty());
}

TEST_CASE("JSON strings keep every byte of a name") {
  CHECK(json_string("a/b c") == "\"a/b c\"");
  CHECK(json_string("\"\\\n\t\x01") == R"("\"\\\u000a\u0009\u0001")");
  CHECK(json_string("né 猫 😀") == "\"né 猫 😀\"");
  CHECK(json_string("caf\xE9.jpg") == R"("caf\udce9.jpg")");
  // Cut short, overlong, a surrogate, beyond Unicode, a lone continuation: byte by byte.
  CHECK(json_string("\xE7\x8C") == R"("\udce7\udc8c")");
  CHECK(json_string("\xC0\xAF") == R"("\udcc0\udcaf")");
  CHECK(json_string("\xE0\x9F\x80") == R"("\udce0\udc9f\udc80")");
  CHECK(json_string("\xED\xA0\x80") == R"("\udced\udca0\udc80")");
  CHECK(json_string("\xF4\x90\x80\x80") == R"("\udcf4\udc90\udc80\udc80")");
  CHECK(json_string("\xF0\x8F\xBF\xBF") == R"("\udcf0\udc8f\udcbf\udcbf")");
  CHECK(json_string("\x80") == R"("\udc80")");
  CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
}
