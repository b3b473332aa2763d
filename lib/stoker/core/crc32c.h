// CRC-32C (Castagnoli; RFC 3720, appendix B.4), the checksum of TensorBoard's records and of
// shards.
#pragma once

#include <cstdint>

#include "stoker/core/file.h"

namespace stoker {

// By the processor's instruction where it has one (SSE 4.2), else by a table.
uint32_t crc32c(Bytes bytes);
uint32_t crc32c_portable(Bytes bytes);  // for tests

}  // namespace stoker
