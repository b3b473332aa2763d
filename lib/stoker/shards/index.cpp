#include "stoker/shards/index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"
#include "stoker/core/shown.h"

namespace stoker::shards {
namespace {

static_assert(std::endian::native == std::endian::little, "indexes are read in place");

constexpr uint32_t kVersion = 2;

struct Head {
  char magic[8] = {'S', 'T', 'K', 'S', 'H', 'A', 'R', 'D'};
  uint32_t version = kVersion;
  uint32_t flags = 0;
  uint64_t shard_bytes = 0;
  uint64_t samples = 0;
  uint64_t key_bytes = 0;
  uint64_t parts = 0;
  uint64_t reserved[2] = {};
};
static_assert(sizeof(Head) == 64 && sizeof(IndexEntry) == 48 && sizeof(IndexPart) == 24);

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

// A class number that is longer than small members are is spaces, and still looked at.
std::vector<IndexPart> parts_of(const StoredSample& sample, Bytes shard) {
  std::vector<IndexPart> parts;
  const auto add = [&](uint64_t begin, uint64_t end, bool is_small) {
    parts.push_back({begin, end - begin, crc32c(shard.subspan(begin, end - begin)), is_small});
  };
  // Extended headers hold the rest of a long name.
  const uint64_t image_header = sample.image.offset - kTarBlock;
  if (sample.image.begin < image_header) add(sample.image.begin, image_header, true);
  for (const TarMember& member : sample.others)
    add(member.begin, member.offset + member.size_bytes,
        member.size_bytes <= kSmallMemberBytes || &member == &sample.others[sample.label_member]);
  return parts;
}

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw DataError(fmt::format("{}: {}. Remove it, or write it again: `stoker data index FOLDER`",
                              shown(path), what));
}

}  // namespace

ShardIndex ShardIndex::build(Bytes shard, const std::string& shard_path, Checksums checksums) {
  Samples samples(shard, shard_path);
  Head head;
  head.flags = checksums == Checksums::kYes ? kHasChecksums : 0;
  head.shard_bytes = shard.size();
  std::string entries, parts, keys;
  while (const std::optional<StoredSample> sample = samples.next()) {
    const TarMember& image = sample->image;
    keys += sample->key;
    IndexEntry entry{
        .offset = image.offset, .size_bytes = image.size_bytes, .key_end = keys.size()};
    entry.label = static_cast<uint32_t>(sample->label);
    entry.header_crc = crc32c(shard.subspan(image.offset - kTarBlock, kTarBlock));
    if (checksums == Checksums::kYes) {
      entry.content_crc = crc32c(shard.subspan(image.offset, image.size_bytes));
      for (const IndexPart& part : parts_of(*sample, shard)) append(parts, part);
    }
    entry.parts_end = parts.size() / sizeof(IndexPart);
    entry.content = sample->content;
    append(entries, entry);
    ++head.samples;
  }
  if (head.samples == 0)
    throw DataError(fmt::format("{}: the shard holds no samples", shown(shard_path)));
  head.key_bytes = keys.size();
  std::string bytes;
  head.parts = parts.size() / sizeof(IndexPart);
  bytes.reserve(sizeof(Head) + entries.size() + parts.size() + keys.size() + 4);
  append(bytes, head);
  bytes += entries;
  bytes += parts;
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
  if (head.version == 1)
    fail(path, "an index of an older stoker, which does not notice that classes changed");
  if (head.version != kVersion)
    fail(path, fmt::format("version {} of the index is not known", head.version));
  const uint64_t expected = head.samples * sizeof(IndexEntry) + head.parts * sizeof(IndexPart) +
                            head.key_bytes + sizeof(Head) + 4;
  if (head.samples > kMostSamples || head.parts > kMostSamples || head.key_bytes > file.size() ||
      file.size() != expected)
    fail(path, "the index is cut short or damaged: its length does not fit its head");
  if (crc32c(file.first(file.size() - 4)) != read_at<uint32_t>(file, file.size() - 4))
    fail(path, "the index is damaged: its checksum does not fit");
  samples_ = head.samples;
  shard_bytes_ = head.shard_bytes;
  key_bytes_ = head.key_bytes;
  parts_ = head.parts;
  has_checksums_ = (head.flags & kHasChecksums) != 0;
  check_parts(path);
  uint64_t key_end = 0, parts_end = 0;
  for (int64_t i = 0; i < size(); ++i) {
    const IndexEntry e = entry(i);
    const bool in_shard = e.offset >= kTarBlock && e.offset <= shard_bytes_ &&
                          e.size_bytes <= shard_bytes_ - e.offset;
    if (!in_shard || e.key_end < key_end || e.key_end > key_bytes_ || e.parts_end < parts_end ||
        e.parts_end > parts_ || e.label > kLargestLabel || e.content > Content::kNpy)
      fail(path, fmt::format("entry {} of the index makes no sense", i));
    key_end = e.key_end;
    parts_end = e.parts_end;
  }
  if (samples_ == 0) fail(path, "the index holds no samples");
}

void ShardIndex::check_parts(const std::string& path) const {
  for (uint64_t i = 0; i < parts_; ++i) {
    const IndexPart p = part(i);
    if (p.offset > shard_bytes_ || p.size_bytes > shard_bytes_ - p.offset)
      fail(path, fmt::format("part {} of the index makes no sense", i));
  }
}

IndexEntry ShardIndex::entry(int64_t index) const {
  return read_at<IndexEntry>(bytes(), sizeof(Head) + uint64_t(index) * sizeof(IndexEntry));
}

std::string_view ShardIndex::key(int64_t index) const {
  const uint64_t begin = index == 0 ? 0 : entry(index - 1).key_end;
  const uint64_t end = entry(index).key_end;
  if (begin > end || end > key_bytes_) return "?";  // the file was cut since it was checked
  return {reinterpret_cast<const char*>(bytes().data()) + keys_begin() + begin, end - begin};
}

uint64_t ShardIndex::keys_begin() const {
  return sizeof(Head) + samples_ * sizeof(IndexEntry) + parts_ * sizeof(IndexPart);
}

IndexPart ShardIndex::part(uint64_t index) const {
  return read_at<IndexPart>(
      bytes(), sizeof(Head) + samples_ * sizeof(IndexEntry) + index * sizeof(IndexPart));
}

std::vector<IndexPart> ShardIndex::parts(int64_t index) const {
  const uint64_t begin = index == 0 ? 0 : entry(index - 1).parts_end;
  const uint64_t end = std::min(entry(index).parts_end, parts_);
  std::vector<IndexPart> found;
  for (uint64_t i = begin; i < end; ++i) found.push_back(part(i));
  return found;
}

}  // namespace stoker::shards
