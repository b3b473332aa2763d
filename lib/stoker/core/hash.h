// Checksums: SHA-256 (FIPS 180-4) for files, in pieces or at once.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "stoker/core/file.h"
#include "stoker/core/sha256_blocks.h"

namespace stoker {

class Sha256 {
 public:
  Sha256();
  void update(Bytes bytes);
  // 64 lower-case hexadecimal digits. The object may not be used afterwards.
  std::string hex();

 private:
  Sha256State state_;
  std::array<uint8_t, 64> block_{};
  uint64_t length_ = 0;
};

std::string sha256_hex(Bytes bytes);

}  // namespace stoker
