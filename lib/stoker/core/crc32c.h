// CRC-32C (Castagnoli; RFC 3720, appendix B.4), the checksum of TensorBoard's records.
#pragma once

#include <cstdint>

#include "stoker/core/file.h"

namespace stoker {

uint32_t crc32c(Bytes bytes);

}  // namespace stoker
