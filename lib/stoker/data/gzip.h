// Gzip files in memory, by zlib.
#pragma once

#include <string_view>
#include <vector>

#include "stoker/core/file.h"

namespace stoker::data {

bool is_gzip(Bytes file);

// The first `limit_bytes` of what `file` unpacks to, or all of it where it is shorter. Throws
// DataError naming `name` and the byte if the file is damaged or truncated.
std::vector<std::byte> unzip(Bytes file, std::string_view name, size_t limit_bytes);

}  // namespace stoker::data
