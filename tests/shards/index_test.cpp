#include "stoker/shards/index.h"

#include <cstring>

#include "stoker/core/crc32c.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/tar.h"

using namespace stoker;
using namespace stoker::shards;

namespace {

std::string three_samples() {
  return test::tar_of({{.name = "a.jpg", .content = "first"},
                       {.name = "a.cls", .content = "3"},
                       {.name = "bb.npy", .content = std::string(600, 'n')},
                       {.name = "bb.cls", .content = "0"},
                       {.name = "c.cls", .content = "999999"},
                       {.name = "c.png"}});
}

std::string text_of(const ShardIndex& index) {
  return {reinterpret_cast<const char*>(index.bytes().data()), index.bytes().size()};
}

// With the checksum made right again, so that only what else is wrong can be noticed.
std::string resealed(std::string file) {
  file.resize(file.size() - 4);
  const uint32_t crc = crc32c(as_bytes(file));
  return file.append(reinterpret_cast<const char*>(&crc), 4);
}
template <class T>
std::string changed(std::string file, size_t at, T value) {
  std::memcpy(file.data() + at, &value, sizeof(T));
  return resealed(file);
}

bool refused(const std::string& file, const std::string& reason) {
  std::string message = "nothing was thrown";
  try {
    ShardIndex::parse(file, "a.tar.idx");
  } catch (const DataError& error) {
    message = error.what();
  }
  UNSCOPED_INFO(message);
  return message.find(reason) != std::string::npos && message.starts_with("a.tar.idx: ") &&
         message.find("stoker data index") != std::string::npos;
}

}  // namespace

TEST_CASE("index: it says where the images are, and reads back to the same") {
  const std::string tar = three_samples();
  const ShardIndex built = ShardIndex::build(as_bytes(tar), "a.tar", Checksums::kYes);
  const ShardIndex index = ShardIndex::parse(text_of(built), "a.tar.idx");
  REQUIRE(index.size() == 3);
  REQUIRE(index.shard_bytes() == tar.size());
  REQUIRE(index.has_checksums());
  REQUIRE(index.key(0) == "a");
  REQUIRE(index.key(1) == "bb");
  REQUIRE(index.key(2) == "c");
  REQUIRE(index.entry(0).offset == 512);
  REQUIRE(index.entry(0).label == 3);
  REQUIRE(index.entry(0).content_crc == crc32c(as_bytes("first")));
  REQUIRE(index.entry(0).header_crc == crc32c(as_bytes(tar).first(512)));
  REQUIRE(index.entry(1).content == Content::kNpy);
  REQUIRE(tar.substr(index.entry(1).offset, index.entry(1).size_bytes) == std::string(600, 'n'));
  REQUIRE(index.entry(2).label == 999'999);
  REQUIRE(index.entry(2).size_bytes == 0);
  const ShardIndex quick = ShardIndex::build(as_bytes(tar), "a.tar", Checksums::kNo);
  REQUIRE(!quick.has_checksums());
  REQUIRE(quick.entry(0).content_crc == 0);
}

TEST_CASE("index: damage is noticed wherever it is") {
  const std::string tar = three_samples();
  const std::string file = text_of(ShardIndex::build(as_bytes(tar), "a.tar", Checksums::kYes));
  for (size_t size = 0; size < file.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refused(file.substr(0, size), ""));
  }
  for (size_t at = 0; at < file.size(); ++at) {
    CAPTURE(at);
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    REQUIRE(refused(flipped, ""));
  }
  REQUIRE(refused(file + '\0', "length"));
  REQUIRE(refused("v1.2 3\njpg 512 5\n", "not an index that stoker wrote"));  // DALI's
}

TEST_CASE("index: numbers that make no sense are refused, checksum or not") {
  const std::string tar = three_samples();
  const std::string file = text_of(ShardIndex::build(as_bytes(tar), "a.tar", Checksums::kYes));
  REQUIRE(refused(changed<uint32_t>(file, 8, 3), "version 3"));
  REQUIRE(refused(changed<uint32_t>(file, 8, 1), "older stoker"));
  for (const uint64_t samples : {uint64_t{0}, uint64_t{4}, uint64_t{1} << 60, ~uint64_t{0}})
    REQUIRE(refused(changed<uint64_t>(file, 24, samples), "length"));
  // 2^60 samples of 48 bytes are 3 * 2^64: what is left of the product fits the file.
  REQUIRE(refused(changed<uint64_t>(file, 24, 3 + (uint64_t{1} << 60)), "length"));
  REQUIRE(refused(changed<uint64_t>(file, 32, ~uint64_t{0}), "length"));
  const size_t entry = 64 + 48;  // the second
  for (const uint64_t offset : {uint64_t{0}, uint64_t{511}, tar.size() - 599, ~uint64_t{0}})
    REQUIRE(refused(changed<uint64_t>(file, entry, offset), "entry 1 of the index makes no sense"));
  REQUIRE(refused(changed<uint64_t>(file, entry + 8, ~uint64_t{0}), "entry 1"));
  REQUIRE(refused(changed<uint64_t>(file, entry + 16, 0), "entry 1"));
  REQUIRE(refused(changed<uint64_t>(file, entry + 16, 99), "entry 1"));
  REQUIRE(refused(changed<uint32_t>(file, entry + 24, 1'000'000), "entry 1"));
  REQUIRE(refused(changed<uint32_t>(file, entry + 36, 2), "entry 1"));
  for (const uint64_t end : {uint64_t{0}, uint64_t{9}, ~uint64_t{0}})
    REQUIRE(refused(changed<uint64_t>(file, entry + 40, end), "entry 1"));
  const size_t part = 64 + 3 * 48 + 24;  // the second of three
  REQUIRE(refused(changed<uint64_t>(file, part, tar.size()), "part 1 of the index makes no sense"));
  REQUIRE(refused(changed<uint64_t>(file, part + 8, ~uint64_t{0}), "part 1"));
  REQUIRE(refused(changed<uint64_t>(file, 40, ~uint64_t{0}), "length"));
}

TEST_CASE("index: a shard without samples is refused") {
  REQUIRE_THROWS_WITH(
      ShardIndex::build(as_bytes(test::tar_of({{.name = "README"}})), "a.tar", Checksums::kNo),
      Catch::Contains("a.tar: the shard holds no samples"));
}
