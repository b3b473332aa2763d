// A checksum of 128 bits against damage: XXH3 (https://xxhash.com), as `xxhsum -H128` prints it.
//
//   Checksum sum;
//   sum.update(header);
//   sum.update(rest);
//   sum.hex();
//
// It reads memory as fast as memory comes. Whoever can write a file can write one with the same
// checksum too: where that matters, hash.h has SHA-256.
#pragma once

#include <memory>
#include <string>

#include "stoker/core/file.h"

struct XXH3_state_s;

namespace stoker {

class Checksum {
 public:
  Checksum();
  void update(Bytes bytes);
  // 32 lower-case hexadecimal digits, of what has come so far.
  std::string hex() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

std::string checksum_hex(Bytes bytes);

}  // namespace stoker
