// Files that tests of data sets make for themselves.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "stoker/decode/decode.h"

namespace stoker::test {

// A PNG whose pixels all have this value.
inline std::vector<std::byte> plain_png(int32_t width, int32_t height, uint8_t value,
                                        int32_t channels = 3) {
  const std::vector<uint8_t> pixels(size_t(width) * size_t(height) * size_t(channels), value);
  return decode::encode_png({pixels.data(), width, height, channels, int64_t{width} * channels});
}

inline void write(const std::filesystem::path& path, Bytes bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}
inline void write(const std::filesystem::path& path, std::string_view text) {
  write(path, as_bytes(text));
}

// What `call` throws as an Error says; "" if nothing is thrown.
template <class Error, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace stoker::test
