// The 512-byte headers of tar archives: ustar (POSIX.1-1988, 10.1.1), the older v7 and GNU's.
//
//   std::optional<TarHeader> header = parse_tar_header(block);  // nothing at the archive's end
//   append(tar_header_block("a/b.jpg", bytes.size())), append(bytes), append(padding)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stoker {

inline constexpr size_t kTarBlock = 512;

struct TarHeader {
  std::string name;  // with ustar's prefix
  char type = '0';   // '0' file, '5' folder, '1' and '2' links, 'x' and 'g' pax, 'L' GNU name…
  uint64_t size_bytes = 0;  // of the content, which follows, padded to whole blocks; below 2^63
};

// Nothing for a block of zeros, of which two end an archive. Sizes may be octal or GNU's base 256.
// Throws DataError with the reason alone: a wrong checksum, a size that is no number.
std::optional<TarHeader> parse_tar_header(std::span<const char, kTarBlock> block);

// Why a member of this name must not be unpacked or trusted: absolute, with "..", with control
// characters, empty. Empty for a good name.
std::string_view tar_name_problem(std::string_view name);

// Header of a plain file, reproducible: owner 0, mode 0644, time 0. The name has at most 100 bytes.
std::array<char, kTarBlock> tar_header_block(std::string_view name, uint64_t size_bytes);

// Zero bytes that fill the last block of a content.
inline size_t tar_padding(uint64_t size_bytes) {
  return static_cast<size_t>((kTarBlock - size_bytes % kTarBlock) % kTarBlock);
}

}  // namespace stoker
