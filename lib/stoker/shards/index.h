// The index beside a shard, train-000000.tar.idx: where each image lies, its class, its name and
// checksums, so that a shard is read at random without a look at what lies between.
//
//   magic "STKSHARD", version, flags, shard's bytes, samples, bytes of keys, parts   64 bytes
//   offset, bytes, key's end, class, CRC of header, CRC of content, kind, parts' end 48 a sample
//   offset, bytes, CRC, whether small: what a sample has beside its image            24 a part
//   keys, one after another
//   CRC-32C of everything before                                                      4 bytes
//
// All numbers are little endian. The shard is recognised by its length, its images' headers and its
// small members, class numbers among them, not by its time of change: a copy is as good as the
// original.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stoker/core/file.h"
#include "stoker/shards/samples.h"

namespace stoker::shards {

struct IndexEntry {
  uint64_t offset = 0;  // of the image in the shard
  uint64_t size_bytes = 0;
  uint64_t key_end = 0;  // among the keys
  uint32_t label = 0;
  uint32_t header_crc = 0;   // CRC-32C of the block before the image
  uint32_t content_crc = 0;  // 0 without checksums
  Content content = Content::kEncoded;
  uint64_t parts_end = 0;  // among the parts
};

// Members beside an image, with their headers: the class number, captions, … Small ones are held
// against their checksums when a shard is opened, all of them by verify().
struct IndexPart {
  uint64_t offset = 0;  // in the shard
  uint64_t size_bytes = 0;
  uint32_t crc = 0;  // CRC-32C
  uint32_t is_small = 0;
};

// Members of up to these bytes are small; a class number always is.
inline constexpr uint64_t kSmallMemberBytes = 4096;

enum class Checksums { kNo, kYes };

class ShardIndex {
 public:
  // By one pass over the members' headers; with checksums, over the contents too. Throws DataError.
  static ShardIndex build(Bytes shard, const std::string& shard_path, Checksums checksums);
  // Throws DataError for what is no whole index, FileError.
  static ShardIndex read(const std::filesystem::path& path);
  // As read, from memory. `path` is for messages.
  static ShardIndex parse(std::string bytes, const std::string& path);

  int64_t size() const { return static_cast<int64_t>(samples_); }
  IndexEntry entry(int64_t index) const;
  std::string_view key(int64_t index) const;
  // Of one sample; none without checksums.
  std::vector<IndexPart> parts(int64_t index) const;
  uint64_t shard_bytes() const { return shard_bytes_; }
  bool has_checksums() const { return has_checksums_; }
  // What the file holds.
  Bytes bytes() const;

 private:
  explicit ShardIndex(std::variant<std::string, MappedFile> storage)
      : storage_(std::move(storage)) {}
  void check(const std::string& path);
  void check_parts(const std::string& path) const;
  IndexPart part(uint64_t index) const;
  uint64_t keys_begin() const;

  std::variant<std::string, MappedFile> storage_;
  uint64_t samples_ = 0, shard_bytes_ = 0, key_bytes_ = 0, parts_ = 0;
  bool has_checksums_ = false;
};

// train-000000.tar.idx for train-000000.tar.
inline std::filesystem::path index_path(const std::filesystem::path& shard) {
  return shard.string() + ".idx";
}

}  // namespace stoker::shards
