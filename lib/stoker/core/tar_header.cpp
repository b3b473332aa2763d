#include "stoker/core/tar_header.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "stoker/core/error.h"

namespace stoker {
namespace {

using Block = std::span<const char, kTarBlock>;

// Places of the fields (POSIX.1-1988, table 10-1).
constexpr size_t kMode = 100, kOwner = 108, kGroup = 116, kSize = 124, kTime = 136, kChecksum = 148;
constexpr size_t kType = 156, kMagic = 257, kPrefix = 345;
constexpr size_t kNameBytes = 100, kPrefixBytes = 155, kSizeBytes = 12;

std::string_view text_field(Block block, size_t at, size_t length) {
  return {block.data() + at, strnlen(block.data() + at, length)};
}

// Octal digits between spaces; nothing when it is of another form.
std::optional<uint64_t> octal_field(Block block, size_t at, size_t length) {
  std::string_view digits = text_field(block, at, length);
  while (digits.starts_with(' ')) digits.remove_prefix(1);
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  uint64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '7') return std::nullopt;
    value = value * 8 + uint64_t(digit - '0');
  }
  return value;
}

// GNU's form for large numbers: a set top bit, then the number, high bytes first.
std::optional<uint64_t> size_field(Block block) {
  const auto byte_at = [&](size_t i) { return static_cast<unsigned char>(block[kSize + i]); };
  if ((byte_at(0) & 0x80) == 0) return octal_field(block, kSize, kSizeBytes);
  uint64_t value = byte_at(0) & 0x7F;
  for (size_t i = 1; i < kSizeBytes; ++i) {
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | byte_at(i);
  }
  return value;
}

uint64_t checksum_of(Block block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kTarBlock; ++i) {
    const bool is_checksum = i >= kChecksum && i < kChecksum + 8;
    sum += is_checksum ? uint64_t(' ') : uint64_t(static_cast<unsigned char>(block[i]));
  }
  return sum;
}

void put_octal(std::array<char, kTarBlock>& block, size_t at, size_t digits, uint64_t value) {
  for (size_t i = digits; i-- > 0; value >>= 3) block[at + i] = static_cast<char>('0' + value % 8);
}

}  // namespace

std::optional<TarHeader> parse_tar_header(Block block) {
  if (std::ranges::all_of(block, [](char byte) { return byte == 0; })) return std::nullopt;
  if (octal_field(block, kChecksum, 8) != checksum_of(block))
    throw DataError("the checksum of a member's header is wrong");
  TarHeader header;
  header.name = text_field(block, 0, kNameBytes);
  // GNU writes other things where POSIX has the prefix.
  const std::string_view magic(block.data() + kMagic, 6);
  const std::string_view prefix = text_field(block, kPrefix, kPrefixBytes);
  if (magic == std::string_view("ustar\0", 6) && !prefix.empty())
    header.name = fmt::format("{}/{}", prefix, header.name);
  header.type = block[kType] == '\0' ? '0' : block[kType];
  const std::optional<uint64_t> size = size_field(block);
  if (!size) throw DataError(fmt::format("the size of '{}' is not a number", header.name));
  header.size_bytes = *size;
  return header;
}

std::string_view tar_name_problem(std::string_view name) {
  if (name.empty()) return "is empty";
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 32; }))
    return "has control characters";
  if (name.starts_with('/')) return "is an absolute path";
  const std::filesystem::path path(name);
  if (std::ranges::any_of(path, [](const auto& part) { return part == ".."; }))
    return "leads out of the archive";
  return "";
}

std::array<char, kTarBlock> tar_header_block(std::string_view name, uint64_t size_bytes) {
  STOKER_CHECK(name.size() <= kNameBytes && tar_name_problem(name).empty(), "name={}", name);
  STOKER_CHECK(size_bytes < uint64_t{1} << 33, "size_bytes={}", size_bytes);
  std::array<char, kTarBlock> block{};
  std::ranges::copy(name, block.begin());
  put_octal(block, kMode, 7, 0644);
  put_octal(block, kOwner, 7, 0);
  put_octal(block, kGroup, 7, 0);
  put_octal(block, kSize, 11, size_bytes);
  put_octal(block, kTime, 11, 0);
  block[kType] = '0';
  std::memcpy(&block[kMagic],
              "ustar\0"
              "00",
              8);
  put_octal(block, kChecksum, 6, checksum_of(block));
  block[kChecksum + 7] = ' ';
  return block;
}

}  // namespace stoker
