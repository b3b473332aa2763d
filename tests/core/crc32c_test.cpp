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
