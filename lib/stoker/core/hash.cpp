#include "stoker/core/hash.h"

#include <fmt/format.h>

#include <algorithm>

namespace stoker {

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::update(Bytes bytes) {
  const uint8_t* next = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  const size_t held = length_ % block_.size();
  length_ += left;
  if (held > 0) {
    const size_t taken = std::min(left, block_.size() - held);
    std::copy_n(next, taken, block_.begin() + static_cast<ptrdiff_t>(held));
    next += taken;
    left -= taken;
    if (held + taken < block_.size()) return;
    state_ = sha256_blocks(state_, block_.data(), 1);
  }
  const size_t blocks = left / block_.size();
  state_ = sha256_blocks(state_, next, blocks);
  std::copy_n(next + blocks * block_.size(), left % block_.size(), block_.begin());
}

std::string Sha256::hex() {
  const uint64_t length_bits = length_ * 8;
  std::array<std::byte, 72> padding{std::byte{0x80}};
  // A one bit, zeros up to 8 bytes before a block's end, the length.
  const size_t zeros = (119 - length_ % 64) % 64;
  for (size_t i = 0; i < 8; ++i) {
    padding[1 + zeros + i] = static_cast<std::byte>(length_bits >> (56 - 8 * i));
  }
  update({padding.data(), 1 + zeros + 8});
  std::string digits;
  for (const uint32_t word : state_) digits += fmt::format("{:08x}", word);
  return digits;
}

std::string sha256_hex(Bytes bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace stoker
