#include "stoker/core/crc32c.h"

#include <string>

#include "support/catch.h"

using namespace stoker;

TEST_CASE("CRC-32C agrees with the published examples") {
  CHECK(crc32c(as_bytes("")) == 0);
  CHECK(crc32c(as_bytes("123456789")) == 0xE3069283);
  // RFC 3720, appendix B.4.
  CHECK(crc32c(as_bytes(std::string(32, '\0'))) == 0x8A9136AA);
  CHECK(crc32c(as_bytes(std::string(32, '\xFF'))) == 0x62A8AB43);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  CHECK(crc32c(as_bytes(ascending)) == 0x46DD794E);
}

TEST_CASE("CRC-32C by instruction is CRC-32C by table, at every length and alignment") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * 37 + 11);
  for (size_t begin = 0; begin < 9; ++begin)
    for (size_t length = 0; length + begin <= text.size(); ++length) {
      const Bytes bytes = as_bytes(std::string_view(text).substr(begin, length));
      REQUIRE(crc32c(bytes) == crc32c_portable(bytes));
    }
}
