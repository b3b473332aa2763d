// The files of a tar archive in memory or in a map, one after another.
//
//   TarMembers members(map.bytes(), "train-000000.tar");
//   while (const std::optional<TarMember> member = members.next()) …
//
// Strict, for shards come from anywhere: plain files (and folders, which say nothing) in v7, ustar,
// GNU and pax headers, with long names by GNU and pax. Links, devices, sparse files, absolute
// names,
// "..", contents that reach beyond the archive and an archive that does not end as tar ends are
// refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stoker/core/file.h"
#include "stoker/core/tar_header.h"

namespace stoker::shards {

struct TarMember {
  std::string name;
  uint64_t offset = 0;  // of the content; its header is the block before
  uint64_t size_bytes = 0;
  uint64_t begin = 0;  // of its headers, extended ones included
};

class TarMembers {
 public:
  // `path` is for messages. The bytes must outlive this.
  TarMembers(Bytes archive, std::string path) : archive_(archive), path_(std::move(path)) {}

  // The next plain file; nothing after the last. Throws DataError naming archive, byte and member.
  std::optional<TarMember> next();

  // Throws DataError: "<path>: at byte <at>: <what>".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::optional<TarHeader> read_header();
  Bytes take_content(const TarHeader& header);
  void take_pax(Bytes records, bool global);
  void check_end() const;

  Bytes archive_;
  std::string path_;
  bool ended_ = false;
  uint64_t at_ = 0;        // of the next header
  uint64_t begin_ = 0;     // of the next member's first header
  uint64_t reported_ = 0;  // where the header began that is read now
  std::string long_name_;  // from a GNU or pax header, for the member that follows
  std::optional<uint64_t> long_size_;
};

}  // namespace stoker::shards
