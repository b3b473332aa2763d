#include "stoker/shards/shard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::shards {
namespace {

namespace fs = std::filesystem;

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14
#endif

// Brings the pages in with one call, and turns what would be a SIGBUS (a file that shrank, a disk
// that does not answer) into false. On older kernels the pages come by faults.
bool bring_in(Bytes bytes) {
  static const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  return ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ) == 0 ||
         errno == EINVAL || errno == ENOMEM || errno == EAGAIN;
}

}  // namespace

Shard::Shard(fs::path path, MappedFile map, ShardIndex index, bool has_index_file)
    : path_(std::move(path)),
      map_(std::move(map)),
      index_(std::move(index)),
      has_index_file_(has_index_file) {}

Shard Shard::open(const fs::path& path) {
  MappedFile map(path);
  const fs::path beside = index_path(path);
  if (!fs::exists(beside)) {
    ShardIndex index = ShardIndex::build(map.bytes(), path.string(), Checksums::kNo);
    return {path, std::move(map), std::move(index), false};
  }
  ShardIndex index = ShardIndex::read(beside);
  const auto mismatch = [&](const std::string& what) {
    return DataError(fmt::format(
        "{} does not belong to {}: {}. One of the two was replaced or cut short; if the shard is "
        "good, write its index again: `stoker data index {}`",
        shown(beside.string()), shown(path.string()), what, shown(path.string())));
  };
  if (index.shard_bytes() != map.bytes().size())
    throw mismatch(fmt::format("it was made for a shard of {} bytes, this one has {}",
                               index.shard_bytes(), map.bytes().size()));
  Shard shard(path, std::move(map), std::move(index), true);
  for (const int64_t i : {int64_t{0}, shard.size() / 2, shard.size() - 1})
    if (!shard.header_fits(i))
      throw mismatch(fmt::format("sample '{}' is not where it should be", shard.index_.key(i)));
  for (int64_t i = 0; i < shard.size(); ++i)
    for (const IndexPart& part : shard.index_.parts(i))
      if (part.is_small != 0 && !shard.part_fits(part))
        throw mismatch(
            fmt::format("the members of sample '{}' changed, such as its class number, at byte {}",
                        shard.index_.key(i), part.offset));
  return shard;
}

std::string Shard::name(int64_t index) const {
  return fmt::format("{}:{}", path_.string(), index_.key(index));
}

// The index is a map too, and reads as zeros where its file is cut.
IndexEntry Shard::checked_entry(int64_t index) const {
  const IndexEntry entry = index_.entry(index);
  const uint64_t size = map_.bytes().size();
  if (entry.offset < kTarBlock || entry.offset > size || entry.size_bytes > size - entry.offset)
    throw DataError(fmt::format("{}: entry {} of its index changed since it was opened",
                                shown(path_.string()), index));
  return entry;
}

void Shard::confirm(int64_t index) const {
  if (!map_.is_whole())
    throw DataError(
        fmt::format("{}: the shard was cut short since it was opened: what was read of it may be "
                    "zeros. Replace files by renaming new ones onto them",
                    shown(name(index))));
}

bool Shard::header_fits(int64_t index) const {
  const IndexEntry entry = checked_entry(index);
  const Bytes header = map_.bytes().subspan(entry.offset - kTarBlock, kTarBlock);
  return bring_in(header) && crc32c(header) == entry.header_crc;
}

bool Shard::part_fits(const IndexPart& part) const {
  const Bytes bytes = map_.bytes().subspan(part.offset, part.size_bytes);
  return bring_in(bytes) && crc32c(bytes) == part.crc;
}

Bytes Shard::content(int64_t index) const {
  const IndexEntry entry = checked_entry(index);
  const Bytes with_header =
      map_.bytes().subspan(entry.offset - kTarBlock, kTarBlock + entry.size_bytes);
  if (!bring_in(with_header))
    throw DataError(
        fmt::format("{}: cannot be read: the shard was cut short since it was opened, "
                    "or the disk fails ({})",
                    shown(name(index)), std::strerror(errno)));
  if (crc32c(with_header.first(kTarBlock)) != entry.header_crc)
    throw DataError(
        fmt::format("{}: the shard is not the one that was indexed: at byte {} another member "
                    "stands. Write the index again: `stoker data index {}`",
                    shown(name(index)), entry.offset - kTarBlock, shown(path_.string())));
  return with_header.subspan(kTarBlock);
}

void Shard::verify(int64_t index) const {
  if (!index_.has_checksums()) return;
  const uint32_t crc = crc32c(content(index));
  confirm(index);
  const auto fail = [&](std::string_view what) {
    throw DataError(fmt::format(
        "{}: {} not what was indexed: the checksum differs. If the shard is good, write its index "
        "again: `stoker data index --force {}`",
        shown(name(index)), what, shown(path_.string())));
  };
  if (crc != index_.entry(index).content_crc) fail("the content is");
  for (const IndexPart& part : index_.parts(index))
    if (!part_fits(part)) fail("the members beside the image are");
}

int64_t write_index(const fs::path& shard, FileSystem& files) {
  const MappedFile map(shard);
  const ShardIndex index = ShardIndex::build(map.bytes(), shard.string(), Checksums::kYes);
  write_file_atomically(files, index_path(shard), index.bytes());
  return index.size();
}

}  // namespace stoker::shards
