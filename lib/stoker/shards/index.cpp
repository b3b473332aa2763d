#include "stoker/shards/index.h"

#include <bit>
#include <cstring>

#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"

namespace stoker::shards {
namespace {

static_assert(std::endian::native == std::endian::little, "indexes are read in place");

struct Head {
  char magic[8] = {'S', 'T', 'K', 'S', 'H', 'A', 'R', 'D'};
  uint32_t version = 1;
  uint32_t flags = 0;
  uint64_t shard_bytes = 0;
  uint64_t samples = 0;
  uint64_t key_bytes = 0;
  uint64_t reserved[3] = {};
};
static_assert(sizeof(Head) == 64 && sizeof(IndexEntry) == 48);

constexpr uint32_t kHasChecksums = 1;
constexpr uint64_t kMostSamples = uint64_t{1} << 32;

template <class T>
T read_at(Bytes bytes, uint64_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <class T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw DataError(
      fmt::format("{}: {}. Remove it, or write it anew: `stoker data index FOLDER`", path, what));
}

}  // namespace

ShardIndex ShardIndex::build(Bytes shard, const std::string& shard_path, Checksums checksums) {
  Samples samples(shard, shard_path);
  Head head;
  head.flags = checksums == Checksums::kYes ? kHasChecksums : 0;
  head.shard_bytes = shard.size();
  std::string entries, keys;
  while (const std::optional<StoredSample> sample = samples.next()) {
    const TarMember& image = sample->image;
    keys += sample->key;
    IndexEntry entry{
        .offset = image.offset, .size_bytes = image.size_bytes, .key_end = keys.size()};
    entry.label = static_cast<uint32_t>(sample->label);
    entry.header_crc = crc32c(shard.subspan(image.offset - kTarBlock, kTarBlock));
    if (checksums == Checksums::kYes)
      entry.content_crc = crc32c(shard.subspan(image.offset, image.size_bytes));
    entry.content = sample->content;
    append(entries, entry);
    ++head.samples;
  }
  if (head.samples == 0) throw DataError(fmt::format("{}: the shard holds no samples", shard_path));
  head.key_bytes = keys.size();
  std::string bytes;
  bytes.reserve(sizeof(Head) + entries.size() + keys.size() + 4);
  append(bytes, head);
  bytes += entries;
  bytes += keys;
  append(bytes, crc32c(as_bytes(bytes)));
  return parse(std::move(bytes), shard_path);
}

ShardIndex ShardIndex::read(const std::filesystem::path& path) {
  ShardIndex index{MappedFile(path)};
  index.check(path.string());
  return index;
}

ShardIndex ShardIndex::parse(std::string bytes, const std::string& path) {
  ShardIndex index{std::move(bytes)};
  index.check(path);
  return index;
}

Bytes ShardIndex::bytes() const {
  if (const auto* text = std::get_if<std::string>(&storage_)) return as_bytes(*text);
  return std::get<MappedFile>(storage_).bytes();
}

// Nothing is trusted: a wrong offset would be read as pixels.
void ShardIndex::check(const std::string& path) {
  const Bytes file = bytes();
  if (file.size() < sizeof(Head) || std::memcmp(file.data(), Head{}.magic, 8) != 0)
    fail(path, "not an index that stoker wrote");
  const auto head = read_at<Head>(file, 0);
  if (head.version != 1)
    fail(path, fmt::format("version {} of the index is not known", head.version));
  const uint64_t expected = head.samples * sizeof(IndexEntry) + head.key_bytes + sizeof(Head) + 4;
  if (head.samples > kMostSamples || head.key_bytes > file.size() || file.size() != expected)
    fail(path, "the index is cut short or damaged: its length does not fit its head");
  if (crc32c(file.first(file.size() - 4)) != read_at<uint32_t>(file, file.size() - 4))
    fail(path, "the index is damaged: its checksum does not fit");
  samples_ = head.samples;
  shard_bytes_ = head.shard_bytes;
  key_bytes_ = head.key_bytes;
  has_checksums_ = (head.flags & kHasChecksums) != 0;
  uint64_t key_end = 0;
  for (int64_t i = 0; i < size(); ++i) {
    const IndexEntry e = entry(i);
    const bool in_shard = e.offset >= kTarBlock && e.offset <= shard_bytes_ &&
                          e.size_bytes <= shard_bytes_ - e.offset;
    if (!in_shard || e.key_end < key_end || e.key_end > key_bytes_ || e.label > kLargestLabel ||
        e.content > Content::kNpy)
      fail(path, fmt::format("entry {} of the index makes no sense", i));
    key_end = e.key_end;
  }
  if (samples_ == 0) fail(path, "the index holds no samples");
}

IndexEntry ShardIndex::entry(int64_t index) const {
  return read_at<IndexEntry>(bytes(), sizeof(Head) + uint64_t(index) * sizeof(IndexEntry));
}

std::string_view ShardIndex::key(int64_t index) const {
  const uint64_t begin = index == 0 ? 0 : entry(index - 1).key_end;
  const uint64_t end = entry(index).key_end;
  if (begin > end || end > key_bytes_) return "?";  // the file was cut since it was checked
  const uint64_t keys = sizeof(Head) + samples_ * sizeof(IndexEntry);
  return {reinterpret_cast<const char*>(bytes().data()) + keys + begin, end - begin};
}

}  // namespace stoker::shards
