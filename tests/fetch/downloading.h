// What tests of downloads have in common: a file to fetch, and options that wait for nothing.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fetch/http_server.h"
#include "stoker/core/file.h"
#include "stoker/core/hash.h"
#include "stoker/fetch/download.h"
#include "support/temporary.h"
#include "support/thrown.h"

namespace stoker::test {

// 300,000 bytes, so that it comes in several pieces.
inline std::string make_content() {
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = char(i * i / 7 + i);
  return content;
}
inline const std::string kContent = make_content();

inline const fetch::DownloadOptions kQuick{.connect_timeout_s = 10,
                                           .stall_timeout_s = 10,
                                           .stall_bytes_per_s = 1,
                                           .attempts = 3,
                                           .retry_wait_s = 0};

// That content, to be had from these.
inline fetch::Download file_at(std::vector<std::string> urls) {
  return {.name = "file.bin",
          .urls = std::move(urls),
          .size_bytes = int64_t(kContent.size()),
          .sha256 = sha256_hex(as_bytes(kContent))};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace stoker::test
