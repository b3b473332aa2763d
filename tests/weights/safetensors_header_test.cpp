// Files that lie: each is refused, with words that say where.
#include "stoker/weights/safetensors_header.h"

#include <cstring>
#include <limits>
#include <string>

#include "stoker/core/error.h"
#include "support/catch.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

std::string file_of(const std::string& json, size_t data_bytes) {
  std::string file(8, '\0');
  const uint64_t length = json.size();
  std::memcpy(file.data(), &length, 8);
  return file + json + std::string(data_bytes, 'x');
}

SafetensorsHeader parse(const std::string& json, size_t data_bytes) {
  return parse_safetensors_header(as_bytes(file_of(json, data_bytes)));
}

std::string with_length(uint64_t length, size_t data_bytes) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + std::string(data_bytes, ' ');
}

struct Hostile {
  const char* why;
  std::string json;
  size_t data_bytes;
  const char* message;
};

// A tensor of one float named w, with one of its fields replaced.
std::string tensor(const char* dtype, const char* shape, const char* offsets) {
  return std::string(R"({"w":{"dtype":)") + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}}";
}

std::string nested(size_t depth) {
  return R"({"w":{"dtype":"F32","shape":)" + std::string(depth, '[') + std::string(depth, ']') +
         R"(,"data_offsets":[0,4]}})";
}

}  // namespace

TEST_CASE("a header is read") {
  const auto header = parse(
      R"({"b":{"dtype":"I64","shape":[],"data_offsets":[6,14]},"__metadata__":{"format":"pt"},)"
      R"("a":{"dtype":"BF16","shape":[3,1],"data_offsets":[0,6]},)"
      R"("e":{"shape":[0,9223372036854],"data_offsets":[6,6],"dtype":"F32"}}   )",
      14);
  REQUIRE(header.tensors.size() == 3);
  CHECK(header.tensors[0].name == "a");
  CHECK(header.tensors[0].dtype == c10::ScalarType::BFloat16);
  CHECK(header.tensors[0].shape == std::vector<int64_t>{3, 1});
  CHECK(header.tensors[1].name == "e");
  CHECK(header.tensors[2].name == "b");
  CHECK(header.tensors[2].begin == 6);
  CHECK(header.tensors[2].end == 14);
  CHECK(header.metadata.at("format") == "pt");
  CHECK(parse("{}", 0).tensors.empty());
}

TEST_CASE("hostile headers are refused") {
  const std::string good = tensor(R"("F32")", "[1]", "[0,4]");
  CHECK_NOTHROW(parse(good, 4));
  const std::vector<Hostile> table = {
      {"duplicate tensor",
       R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
       2, "\"w\" occurs twice"},
      {"duplicate tensor by an escape",
       R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0077":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
       2, "\"w\" occurs twice"},
      {"duplicate metadata", R"({"__metadata__":{},"__metadata__":{}})", 0, "occurs twice"},
      {"duplicate metadata key", R"({"__metadata__":{"a":"1","a":"2"}})", 0, "\"a\" twice"},
      {"duplicate field", R"({"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       1, "\"dtype\" twice"},
      {"unknown field", R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1,
       "unknown key \"x\""},
      {"no dtype", R"({"w":{"shape":[1],"data_offsets":[0,4]}})", 4, "needs dtype"},
      {"no shape", R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", 4, "needs dtype"},
      {"no offsets", R"({"w":{"dtype":"F32","shape":[1]}})", 4, "needs dtype"},
      {"one offset", tensor(R"("F32")", "[1]", "[0]"), 4, "two data_offsets"},
      {"three offsets", tensor(R"("F32")", "[1]", "[0,4,8]"), 4, "more than two offsets"},
      {"offsets as text", tensor(R"("F32")", "[1]", R"("0,4")"), 4, "text as its \"data_offsets\""},
      {"unknown dtype", tensor(R"("F31")", "[1]", "[0,4]"), 4, "unknown dtype \"F31\""},
      {"dtype in small letters", tensor(R"("f32")", "[1]", "[0,4]"), 4, "unknown dtype"},
      {"dtype as a number", tensor("32", "[1]", "[0,4]"), 4, "a number as its \"dtype\""},
      {"dtype as a list", tensor("[]", "[1]", "[0,4]"), 4, "a list as its \"dtype\""},
      {"shape as an object", tensor(R"("F32")", "{}", "[0,4]"), 4, "an object as its \"shape\""},
      {"negative dimension", tensor(R"("F32")", "[-1]", "[0,4]"), 4, "a negative number"},
      {"minus nought", tensor(R"("F32")", "[-0]", "[0,4]"), 4, "has"},
      {"fractional dimension", tensor(R"("F32")", "[1.0]", "[0,4]"), 4, "no whole one"},
      {"dimension beyond 2^64", tensor(R"("F32")", "[18446744073709551616]", "[0,4]"), 4,
       "no whole one"},
      {"dimension beyond 2^63", tensor(R"("F32")", "[9223372036854775808]", "[0,4]"), 4,
       "has the dimension"},
      {"null dimension", tensor(R"("F32")", "[null]", "[0,4]"), 4, "null"},
      {"true dimension", tensor(R"("F32")", "[true]", "[0,4]"), 4, "true or false"},
      {"text dimension", tensor(R"("F32")", R"(["1"])", "[0,4]"), 4, "text"},
      {"nested shape", nested(2), 4, "a list"},
      {"deeply nested shape", nested(1'000'000), 4, "a list"},
      {"nested objects", R"({"a":{"b":{"c":{}}}})", 0, "unknown key"},
      {"product that wraps to the right length",
       tensor(R"("F32")", "[4611686018427387905,4]", "[0,16]"), 16, "too large"},
      {"product that wraps to nought", tensor(R"("F32")", "[4294967296,4294967296]", "[0,0]"), 0,
       "too large"},
      {"strides that overflow beside a nought",
       tensor(R"("U8")", "[0,4294967296,4294967296]", "[0,0]"), 0, "too large"},
      {"rank 65",
       tensor(R"("U8")",
              ("[1" +
               [] {
                 std::string s;
                 for (int i = 0; i < 64; ++i) s += ",1";
                 return s;
               }() +
               "]")
                  .c_str(),
              "[0,1]"),
       1, "more than 64 dimensions"},
      {"span too short for the shape", tensor(R"("F32")", "[2]", "[0,4]"), 4,
       "needs 8 bytes, but has 4"},
      {"span too long for the shape", tensor(R"("F32")", "[1]", "[0,8]"), 8,
       "needs 4 bytes, but has 8"},
      {"span backwards", tensor(R"("F32")", "[1]", "[4,0]"), 4, "before it begins"},
      {"span beyond the end", tensor(R"("F32")", "[1]", "[4,8]"), 4, "begins at 4"},
      {"span far beyond the end",
       tensor(R"("F32")", "[1]", "[18446744073709551612,18446744073709551615]"), 4,
       "needs 4 bytes"},
      {"gap at the start", tensor(R"("F32")", "[1]", "[1,5]"), 5, "begins at 1"},
      {"gap between",
       R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
       3, "\"b\" begins at 2"},
      {"overlap",
       R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3, "\"b\" begins at 1"},
      {"the same span twice",
       R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
       2, "begins at 0"},
      {"an empty tensor inside another",
       R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
       2, "begins at 1"},
      {"bytes after the last tensor", good, 5, "something was appended"},
      {"cut short", good, 3, "cut short"},
      {"an empty header with data", "{}", 1, "something was appended"},
      {"metadata that is no text", R"({"__metadata__":{"a":1}})", 0, "a number"},
      {"metadata that is nested", R"({"__metadata__":{"a":{}}})", 0, "an object"},
      {"metadata as a list", R"({"__metadata__":[]})", 0, "a list"},
      {"a tensor as a number", R"({"w":3})", 0, "\"w\" is a number"},
      {"a list", "[]", 0, "does not begin with {"},
      {"a space first", " {}", 0, "does not begin with {"},
      {"a byte order mark", "\xEF\xBB\xBF{}", 0, "does not begin with {"},
      {"nothing", "", 0, "does not begin with {"},
      {"two objects", "{}{}", 0, "no JSON"},
      {"text after the end", "{} x", 0, "no JSON"},
      {"a zero byte after the end", std::string("{}\0{}", 5), 0, "zero byte"},
      {"zero padding", std::string("{}\0\0", 4), 0, "zero byte"},
      {"a comment", "{/* */}", 0, "no JSON"},
      {"a trailing comma", "{\"__metadata__\":{},}", 0, "no JSON"},
      {"single quotes", "{'w':1}", 0, "no JSON"},
      {"NaN", R"({"w":NaN})", 0, "no JSON"},
      {"not UTF-8", "{\"\xff\xfe\":{}}", 0, "no JSON"},
      {"a lone surrogate", R"({"\ud800":{}})", 0, "no JSON"},
      {"an open end", "{", 0, "no JSON"},
      {"an open name", "{\"w", 0, "no JSON"},
      {"a long unprintable name", "{\"" + std::string(100'000, '\x7f') + "\":1}", 0, "…"},
  };
  for (const Hostile& row : table) {
    INFO(row.why);
    try {
      parse(row.json, row.data_bytes);
      FAIL_CHECK("accepted");
    } catch (const DataError& error) {
      const std::string message = error.what();
      INFO(message);
      CHECK(message.find(row.message) != std::string::npos);
      CHECK(message.size() < 1000);
    }
  }
}

TEST_CASE("a header's length is not believed") {
  const auto refused = [](const std::string& file, const char* words) {
    CHECK_THROWS_WITH(parse_safetensors_header(as_bytes(file)), Catch::Contains(words));
  };
  refused("", "it has 0 bytes");
  refused("1234567", "it has 7 bytes");
  refused(with_length(0, 0), "does not begin with {");
  refused(with_length(1, 0), "only 0 follow");
  refused(with_length(101, 100), "only 100 follow");
  refused(with_length(100'000'001, 10), "the limit is 100000000");
  refused(with_length(std::numeric_limits<uint64_t>::max(), 10), "the limit");
  refused(with_length(std::numeric_limits<uint64_t>::max() - 7, 10), "the limit");
  refused(with_length(uint64_t{1} << 63, 10), "the limit");
}

TEST_CASE("a header is written aligned, and read back") {
  for (size_t length = 1; length < 12; ++length) {
    SafetensorsHeader header;
    header.metadata = {{"b", "2"}, {"a", "\"1\"\n"}};
    header.tensors = {{std::string(length, 'n'), c10::ScalarType::Half, {2, 0}, 0, 0},
                      {"\\\"é", c10::ScalarType::Double, {}, 0, 8}};
    const std::string text = format_safetensors_header(header);
    CHECK(text.size() % 8 == 0);
    const auto again = parse_safetensors_header(as_bytes(text + "12345678"));
    CHECK(again.data_offset == text.size());
    CHECK(again.metadata == header.metadata);
    REQUIRE(again.tensors.size() == 2);
    CHECK(again.tensors[0].name == header.tensors[0].name);
    CHECK(again.tensors[1].name == header.tensors[1].name);
    CHECK(again.tensors[1].end == 8);
  }
}
