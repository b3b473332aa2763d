#include "stoker/shards/tar_members.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::shards {
namespace {

constexpr uint64_t kMostHeaderBytes = uint64_t{1} << 16;  // of a long name or of pax records

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void TarMembers::fail(const std::string& what) const {
  throw DataError(fmt::format("{}: at byte {}: {}", shown(path_), reported_, what));
}

// Nothing at the end, which is checked to be one.
std::optional<TarHeader> TarMembers::read_header() {
  reported_ = at_;
  if (archive_.size() - at_ < kTarBlock) {
    fail(archive_.empty()
             ? "the file is empty"
             : "the archive ends without the blocks of zeros that close one: it was cut short");
  }
  const auto* block = reinterpret_cast<const char*>(archive_.data() + at_);
  std::optional<TarHeader> header;
  try {
    header = parse_tar_header(std::span<const char, kTarBlock>(block, kTarBlock));
  } catch (const DataError& error) {
    fail(at_ > 0 ? error.what()
         : text_of(archive_).starts_with("\x1f\x8b")
             ? "it is compressed by gzip; shards are read at random, so unpack it: gunzip FILE"
             : fmt::format("not a tar archive: {}", error.what()));
  }
  at_ += kTarBlock;
  if (!header) {
    check_end();
    ended_ = true;
  }
  return header;
}

// Zeros to the end: what another archive was appended to would be lost silently.
void TarMembers::check_end() const {
  if (archive_.size() - at_ < kTarBlock)
    fail("the archive ends after one block of zeros of the two that close one: it was cut short");
  const Bytes rest = archive_.subspan(at_);
  if (!std::ranges::all_of(rest, [](std::byte byte) { return byte == std::byte{0}; }))
    fail("data follow the end of the archive, as when two were joined; unpack and pack them again");
}

Bytes TarMembers::take_content(const TarHeader& header) {
  const uint64_t left = archive_.size() - at_;
  if (header.size_bytes > left)
    fail(fmt::format("'{}' should have {} bytes, but only {} follow: the archive was cut short",
                     header.name, header.size_bytes, left));
  const Bytes content = archive_.subspan(at_, header.size_bytes);
  at_ += std::min(left, header.size_bytes + tar_padding(header.size_bytes));
  return content;
}

// Records "<length> <key>=<value>\n" (POSIX.1-2001, pax interchange format).
void TarMembers::take_pax(Bytes bytes, bool global) {
  std::string_view rest = text_of(bytes);
  while (!rest.empty()) {
    const size_t space = rest.find(' ');
    const size_t equals = rest.find('=');
    const auto length = whole_number(rest.substr(0, std::min(space, rest.size())));
    if (!length || space == rest.npos || equals == rest.npos || equals < space ||
        *length > rest.size() || *length < equals + 2 || rest[*length - 1] != '\n')
      fail("a pax header is malformed");
    const std::string_view key = rest.substr(space + 1, equals - space - 1);
    const std::string_view value = rest.substr(equals + 1, *length - equals - 2);
    rest.remove_prefix(*length);
    if (key.starts_with("GNU.sparse")) fail("it holds a sparse file, which is not supported");
    if (key != "path" && key != "size") continue;
    if (global) fail(fmt::format("a pax header sets '{}' for all members", key));
    if (key == "path") long_name_ = value;
    if (key == "size") long_size_ = whole_number(value);
    if (key == "size" && !long_size_)
      fail(fmt::format("a pax header's size '{}' is not a number", value));
  }
}

std::optional<TarMember> TarMembers::next() {
  if (ended_) return std::nullopt;
  begin_ = at_;
  while (std::optional<TarHeader> header = read_header()) {
    if (header->type == 'x' || header->type == 'g' || header->type == 'L') {
      if (header->size_bytes > kMostHeaderBytes) fail("an extended header is too large");
      const Bytes content = take_content(*header);
      if (header->type != 'L') {
        take_pax(content, header->type == 'g');
      } else {
        const std::string_view name = text_of(content);
        long_name_ = name.substr(0, name.find('\0'));
      }
      continue;
    }
    if (!long_name_.empty()) header->name = std::exchange(long_name_, {});
    if (long_size_) header->size_bytes = *std::exchange(long_size_, {});
    if (header->type != '0' && header->type != '5')
      fail(fmt::format("'{}' is neither a file nor a folder (type '{}')", header->name,
                       header->type));
    if (const std::string_view problem = tar_name_problem(header->name); !problem.empty())
      fail(fmt::format("the name '{}' {}", header->name, problem));
    const uint64_t offset = at_;
    take_content(*header);
    if (header->type == '0')
      return TarMember{std::move(header->name), offset, header->size_bytes, begin_};
    begin_ = at_;
  }
  if (!long_name_.empty() || long_size_) fail("an extended header without a member ends it");
  return std::nullopt;
}

}  // namespace stoker::shards
