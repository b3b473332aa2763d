// A seeded mutator: whatever is done to a good shard or index, it is refused or what is read lies
// within it. Run under the sanitizers by scripts/test.sh.
#include <algorithm>
#include <cstring>
#include <string>

#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"
#include "stoker/core/random.h"
#include "stoker/shards/index.h"
#include "stoker/shards/npy.h"
#include "support/catch.h"
#include "support/fuzz.h"
#include "support/tar.h"

using namespace stoker;
using namespace stoker::shards;

namespace {

const uint64_t kMutations = test::fuzz_rounds(20'000);

const std::string kPieces[] = {"0",
                               "7",
                               "00000000000",
                               "77777777777",
                               std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12),
                               std::string(12, '\xff'),
                               "x",
                               "g",
                               "L",
                               "5",
                               "/",
                               "..",
                               ".",
                               "ustar",
                               std::string(1, '\0'),
                               std::string(8, '\xff'),
                               "12 path=a.b\n",
                               "9 size=1\n",
                               "(",
                               ")",
                               "'shape':",
                               "65535",
                               "-1"};

void mutate_once(std::string& file, RandomStream& random) {
  if (file.empty()) return;
  const auto place = [&] { return random.below(static_cast<uint32_t>(file.size())); };
  const size_t at = place();
  const std::string& piece = kPieces[random.below(std::size(kPieces))];
  switch (random.below(6)) {
    case 0:
      file[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      file[at] = static_cast<char>(file[at] ^ (1 << random.below(8)));
      break;
    case 2:
      file.replace(at, std::min(piece.size(), file.size() - at), piece);
      break;
    case 3:
      file.erase(at, 1 + random.below(600));
      break;
    case 4: {  // blocks change places
      const size_t from = place() / 512 * 512;
      file.insert(at / 512 * 512, file.substr(from, 512 * (1 + random.below(3))));
      break;
    }
    default:  // a field of a header
      file.replace(std::min(at / 512 * 512 + (random.coin(0.5f) ? 124 : 156), file.size()),
                   random.coin(0.5f) ? 1 : 12, piece);
  }
}

// Headers' checksums made right, so that mutations get past them.
void fix_checksums(std::string& tar, RandomStream& random) {
  for (size_t at = 0; at + 512 <= tar.size(); at += 512) {
    if (std::memcmp(tar.data() + at + 257, "ustar", 5) != 0 || random.coin(0.1f)) continue;
    tar.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[at + i]);
    char text[8];
    std::snprintf(text, sizeof(text), "%06o", sum);
    tar.replace(at + 148, 7, text, 7);
  }
}

std::string good_tar() {
  const std::string pixels = npy_header(7, 5, 3) + std::string(105, 'p');
  return test::tar_of(
      {{.name = "p", .content = test::pax_record("mtime", "1234567.5"), .type = 'g'},
       {.name = "a/1.jpg", .content = std::string(700, 'a')},
       {.name = "a/1.cls", .content = "12"},
       {.name = "././@LongLink", .content = "b/2.npy", .type = 'L'},
       {.name = "x", .content = pixels},
       {.name = "p", .content = test::pax_record("path", "b/2.cls"), .type = 'x'},
       {.name = "y", .content = "3"}});
}

}  // namespace

TEST_CASE("fuzz: a mutated shard is refused or read within its bounds") {
  const std::string good = good_tar();
  REQUIRE(ShardIndex::build(as_bytes(good), "a.tar", Checksums::kYes).size() == 2);
  uint64_t accepted = 0;
  for (uint64_t i = 0; i < kMutations; ++i) {
    RandomStream random({.seed = 1, .epoch = 0, .sample = i}, Purpose::kAugment);
    std::string tar = good;
    for (uint32_t turn = 0; turn <= random.below(3); ++turn) mutate_once(tar, random);
    fix_checksums(tar, random);
    tar.shrink_to_fit();
    try {
      const ShardIndex index = ShardIndex::build(as_bytes(tar), "a.tar", Checksums::kYes);
      for (int64_t s = 0; s < index.size(); ++s) {
        const IndexEntry entry = index.entry(s);
        REQUIRE(entry.offset <= tar.size());
        REQUIRE(entry.size_bytes <= tar.size() - entry.offset);
        if (entry.content == Content::kNpy)
          (void)parse_npy(as_bytes(tar).subspan(entry.offset, entry.size_bytes));
      }
      ++accepted;
    } catch (const DataError&) {
    }
  }
  INFO(accepted);
  REQUIRE(accepted > kMutations / 100);
  REQUIRE(accepted < kMutations);
}

TEST_CASE("fuzz: a mutated index is refused or points into its shard") {
  const std::string tar = good_tar();
  const ShardIndex built = ShardIndex::build(as_bytes(tar), "a.tar", Checksums::kYes);
  const Bytes bytes = built.bytes();
  const std::string good(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  uint64_t accepted = 0;
  for (uint64_t i = 0; i < kMutations; ++i) {
    RandomStream random({.seed = 2, .epoch = 0, .sample = i}, Purpose::kAugment);
    std::string file = good;
    for (uint32_t turn = 0; turn <= random.below(2); ++turn) {
      const size_t at = 8 * random.below(static_cast<uint32_t>(file.size() / 8));
      const uint64_t value =
          random.coin(0.5f) ? random.below(2048) : ~uint64_t{0} << random.below(64);
      std::memcpy(file.data() + at, &value, std::min<size_t>(8, file.size() - at));
    }
    const uint32_t crc = crc32c(as_bytes(file).first(file.size() - 4));
    std::memcpy(file.data() + file.size() - 4, &crc, 4);
    try {
      const ShardIndex index = ShardIndex::parse(file, "a.tar.idx");
      for (int64_t s = 0; s < index.size(); ++s) {
        REQUIRE(index.entry(s).offset - kTarBlock <= index.shard_bytes());
        REQUIRE(index.entry(s).size_bytes <= index.shard_bytes() - index.entry(s).offset);
        REQUIRE(index.key(s).size() <= file.size());
      }
      ++accepted;
    } catch (const DataError&) {
    }
  }
  INFO(accepted);
  REQUIRE(accepted > kMutations / 100);
  REQUIRE(accepted < kMutations);
}
