// The compression of SHA-256 (FIPS 180-4, section 6.2.2); core/hash.h is what others use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace stoker {

using Sha256State = std::array<uint32_t, 8>;

// `state` after `count` blocks of 64 bytes, by the processor's SHA instructions where it has them.
Sha256State sha256_blocks(Sha256State state, const uint8_t* blocks, size_t count);

Sha256State sha256_blocks_portable(Sha256State state, const uint8_t* blocks, size_t count);

}  // namespace stoker
