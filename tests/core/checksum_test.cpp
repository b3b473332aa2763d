#include "stoker/core/checksum.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace stoker {
namespace {

std::string letters(size_t count) {
  std::string text(count, '\0');
  for (size_t i = 0; i < count; ++i) text[i] = static_cast<char>(i * 7 + (i >> 8));
  return text;
}

// Files are checked by other tools too: these are what `head -c N FILE | xxhsum -H128` prints for a
// file of letters(5000), where the lengths take every way through XXH3.
TEST_CASE("checksums are those of xxhsum -H128") {
  const std::vector<std::pair<size_t, std::string>> known = {
      {0, "99aa06d3014798d86001c324468d497f"},    {1, "a6cd5e9392000f6ac44bdff4074eecdb"},
      {3, "656e81c56e41fe02c3489259e968ad9e"},    {8, "e4b9dd0b66ff3c50ebabbd0695002ff6"},
      {16, "ddf6c1254d70f76794eaa17b20756f46"},   {100, "858be3b5082c7eb73dc31a0ba04530cd"},
      {200, "dbfff5e13c798ab90497bdb3d145ccd6"},  {241, "75f4da43f23cce5a541b19226f0052e8"},
      {1025, "a53cd4fd16206676d9b414f4e1bbf7ad"}, {5000, "e814573b3db786c4ed0146266d138bd8"}};
  for (const auto& [count, digits] : known) {
    INFO(count << " bytes");
    CHECK(checksum_hex(as_bytes(letters(count))) == digits);
  }
}

TEST_CASE("a checksum does not depend on the pieces, and may be asked for in between") {
  const std::string text = letters(3000);
  for (size_t piece = 1; piece <= 400; piece += 13) {
    INFO("pieces of " << piece);
    Checksum sum;
    for (size_t at = 0; at < text.size(); at += piece) {
      sum.update(as_bytes(std::string_view(text).substr(at, piece)));
      if (at == 100 * piece) CHECK(sum.hex() == checksum_hex(as_bytes(text.substr(0, at + piece))));
    }
    CHECK(sum.hex() == checksum_hex(as_bytes(text)));
  }
}

TEST_CASE("a checksum sees one bit, wherever it is") {
  std::string text = letters(2000);
  const std::string before = checksum_hex(as_bytes(text));
  for (size_t at = 0; at < text.size(); at += 7) {
    text[at] = static_cast<char>(text[at] ^ 16);
    CHECK(checksum_hex(as_bytes(text)) != before);
    text[at] = static_cast<char>(text[at] ^ 16);
  }
}

}  // namespace
}  // namespace stoker
