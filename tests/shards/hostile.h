// Shards and indexes that anyone may have made, and what is asked of them.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>

#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"
#include "stoker/shards/index.h"
#include "stoker/shards/npy.h"
#include "support/fuzz.h"
#include "support/tar.h"

namespace stoker::test {

// Has each kind of header.
inline std::string good_tar() {
  const std::string pixels = shards::npy_header(7, 5, 3) + std::string(105, 'p');
  return tar_of({{.name = "p", .content = pax_record("mtime", "1234567.5"), .type = 'g'},
                 {.name = "a/1.jpg", .content = std::string(700, 'a')},
                 {.name = "a/1.cls", .content = "12"},
                 {.name = "././@LongLink", .content = "b/2.npy", .type = 'L'},
                 {.name = "x", .content = pixels},
                 {.name = "p", .content = pax_record("path", "b/2.cls"), .type = 'x'},
                 {.name = "y", .content = "3"}});
}

inline std::string good_index() {
  const auto index =
      shards::ShardIndex::build(as_bytes(good_tar()), "a.tar", shards::Checksums::kYes);
  return {reinterpret_cast<const char*>(index.bytes().data()), index.bytes().size()};
}

// Headers' checksums made right, so that changes get past them.
inline void fix_checksums(std::string& tar) {
  for (size_t at = 0; at + 512 <= tar.size(); at += 512) {
    if (std::memcmp(tar.data() + at + 257, "ustar", 5) != 0) continue;
    tar.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[at + i]);
    char text[8];
    std::snprintf(text, sizeof(text), "%06o", sum);
    tar.replace(at + 148, 7, text, 7);
  }
}

inline void fix_index_crc(std::string& index) {
  if (index.size() < 4) return;
  const uint32_t crc = crc32c(as_bytes(index).first(index.size() - 4));
  std::memcpy(index.data() + index.size() - 4, &crc, 4);
}

// Every image must lie within the shard, and plain pixels within their image.
inline Verdict judge_shard(Bytes tar) {
  using namespace shards;
  try {
    const ShardIndex index = ShardIndex::build(tar, "a.tar", Checksums::kYes);
    for (int64_t s = 0; s < index.size(); ++s) {
      const IndexEntry entry = index.entry(s);
      if (entry.offset > tar.size() || entry.size_bytes > tar.size() - entry.offset)
        return Verdict::kUnsound;
      if (index.key(s).empty()) return Verdict::kUnsound;
      const Bytes content = tar.subspan(entry.offset, entry.size_bytes);
      if (crc32c(content) != entry.content_crc) return Verdict::kUnsound;
      if (entry.content != Content::kNpy) continue;
      const kernels::ImageView image = parse_npy(content);
      const size_t pixels = size_t(image.height) * size_t(image.row_bytes);
      if (image.pixels + pixels !=
          reinterpret_cast<const uint8_t*>(content.data()) + content.size())
        return Verdict::kUnsound;
    }
    return Verdict::kSound;
  } catch (const DataError&) {
    return Verdict::kRefused;
  }
}

// Every image must lie within a shard of the length that the index says, every key within the
// index.
inline Verdict judge_index(const std::string& file) {
  using namespace shards;
  try {
    const ShardIndex index = ShardIndex::parse(file, "a.tar.idx");
    for (int64_t s = 0; s < index.size(); ++s) {
      const IndexEntry entry = index.entry(s);
      if (entry.offset < kTarBlock || entry.offset > index.shard_bytes() ||
          entry.size_bytes > index.shard_bytes() - entry.offset ||
          index.key(s).size() > file.size())
        return Verdict::kUnsound;
    }
    return Verdict::kSound;
  } catch (const DataError&) {
    return Verdict::kRefused;
  }
}

}  // namespace stoker::test
