// One shard, mapped, with its index: any sample at once.
//
//   Shard shard = Shard::open("train-000000.tar");
//   Bytes jpeg = shard.content(17);
//
// Immutable after opening and safe to share between threads. It holds no file open.
#pragma once

#include <filesystem>
#include <string>

#include "stoker/core/file.h"
#include "stoker/shards/index.h"

namespace stoker::shards {

class Shard {
 public:
  // With the index beside it, whose small members, such as class numbers, are held against the
  // shard (about a page each), or one made by a pass over the members' headers where none is there.
  // Throws DataError where the two do not fit, and for what TarMembers and Samples refuse.
  static Shard open(const std::filesystem::path& path);

  int64_t size() const { return index_.size(); }
  IndexEntry entry(int64_t index) const { return index_.entry(index); }
  bool has_index_file() const { return has_index_file_; }
  std::string_view key(int64_t index) const { return index_.key(index); }
  // "<path>:<key>".
  std::string name(int64_t index) const;
  // The stored bytes of the image, in memory when this returns. Throws DataError where the shard is
  // no longer the one that was indexed or cannot be read. Once they were used, confirm() tells
  // whether they stayed.
  Bytes content(int64_t index) const;
  // Throws DataError if the shard was cut short since it was opened: content() that was used until
  // now may have read as zeros. One stat of the file (MappedFile::is_whole).
  void confirm(int64_t index) const;
  // Throws DataError if the sample's members are not those that were indexed. Says nothing where
  // the index has no checksums.
  void verify(int64_t index) const;

 private:
  Shard(std::filesystem::path path, MappedFile map, ShardIndex index, bool has_index_file);
  IndexEntry checked_entry(int64_t index) const;
  bool header_fits(int64_t index) const;
  bool part_fits(const IndexPart& part) const;

  std::filesystem::path path_;
  MappedFile map_;
  ShardIndex index_;
  bool has_index_file_;
};

// Writes the index, with checksums, beside the shard; returns its number of samples.
int64_t write_index(const std::filesystem::path& shard, FileSystem& files = real_file_system());

}  // namespace stoker::shards
