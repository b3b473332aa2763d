#include "stoker/shards/shard.h"

#include <sys/stat.h>

#include <fstream>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/tar.h"
#include "support/temporary.h"
#include "support/thrown.h"

using namespace stoker;
using namespace stoker::shards;

namespace {

// Samples whose images are `length` times one letter each.
std::string letters(const std::string& letters, size_t length) {
  std::vector<test::TarMember> members;
  for (size_t i = 0; i < letters.size(); ++i) {
    const std::string key(1, letters[i]);
    members.push_back({.name = key + ".jpg", .content = std::string(length, letters[i])});
    members.push_back({.name = key + ".cls", .content = std::to_string(i)});
  }
  return test::tar_of(members);
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("shard: with and without an index file it is the same") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abc", 700));
  for (const bool indexed : {false, true}) {
    if (indexed) {
      REQUIRE(write_index(path) == 3);
    }
    const Shard shard = Shard::open(path);
    REQUIRE(shard.has_index_file() == indexed);
    REQUIRE(shard.size() == 3);
    REQUIRE(shard.entry(2).label == 2);
    REQUIRE(shard.name(1) == path.string() + ":b");
    REQUIRE(text_of(shard.content(1)) == std::string(700, 'b'));
    shard.verify(1);
  }
}

TEST_CASE("shard: a copy with a new time is as good, another shard is not") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abc", 700));
  write_index(path);
  write(path, letters("abc", 700));
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now());
  REQUIRE(Shard::open(path).size() == 3);

  write(path, letters("abcd", 700));
  REQUIRE_THROWS_WITH(Shard::open(path), Catch::Contains("does not belong to") &&
                                             Catch::Contains("it was made for a shard of") &&
                                             Catch::Contains("stoker data index"));
  write(path, letters("xyz", 700));  // as long
  REQUIRE_THROWS_WITH(Shard::open(path), Catch::Contains("sample 'a' is not where it should be"));
  write(path, letters("abc", 700).substr(0, 2000));
  REQUIRE_THROWS_WITH(Shard::open(path), Catch::Contains("this one has 2000"));
  write(path, "");
  REQUIRE_THROWS_AS(Shard::open(path), DataError);
}

TEST_CASE("shard: members that changed places between the looked-at ones are noticed when read") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abcde", 10));
  write_index(path);
  std::string tar = letters("abcde", 10);
  tar[4 * 512 + 136] = '1';  // b.jpg's time
  write(path, tar);
  const Shard shard = Shard::open(path);
  REQUIRE(text_of(shard.content(2)) == std::string(10, 'c'));
  REQUIRE_THROWS_WITH(shard.content(1), Catch::Contains(path.string() + ":b: the shard is not the "
                                                                        "one that was indexed"));
}

// Case: a file that was relabelled in place kept its old labels.
TEST_CASE("shard: class numbers and other small members that changed are noticed on opening") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  const std::string long_name = std::string(120, 'n') + ".png";
  const auto tar = [&](const std::string& label, const std::string& caption,
                       const std::string& name) {
    return test::tar_of({{.name = "a.cls", .content = label},
                         {.name = "a.jpg", .content = "image"},
                         {.name = "a.json", .content = caption},
                         {.name = "p", .content = test::pax_record("path", name), .type = 'x'},
                         {.name = "b.png", .content = "other"},
                         {.name = "p",
                          .content = test::pax_record("path", long_name.substr(0, 120) + ".cls"),
                          .type = 'x'},
                         {.name = "b.cls", .content = "1"}});
  };
  write(path, tar("0", "{\"x\": 1}", long_name));
  write_index(path);
  REQUIRE(Shard::open(path).size() == 2);
  for (const std::string& changed :
       {tar("1", "{\"x\": 1}", long_name), tar("0", "{\"x\": 2}", long_name),
        tar("0", "{\"x\": 1}", long_name.substr(1) + "n")}) {
    write(path, changed);
    REQUIRE_THROWS_WITH(Shard::open(path), Catch::Contains("does not belong to") &&
                                               Catch::Contains("class number") &&
                                               Catch::Contains("stoker data index"));
  }
}

TEST_CASE("shard: large members beside the image are compared by verify") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  const auto tar = [](char letter) {
    return test::tar_of({{.name = "a.jpg", .content = "image"},
                         {.name = "a.mask.png", .content = std::string(9000, letter)},
                         {.name = "a.cls", .content = "1"}});
  };
  write(path, tar('x'));
  write_index(path);
  Shard::open(path).verify(0);
  write(path, tar('y'));
  const Shard shard = Shard::open(path);
  REQUIRE_THROWS_WITH(shard.verify(0), Catch::Contains("s.tar:a: the members beside the image"));
}

TEST_CASE("shard: a changed content fails its checksum") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  std::string tar = letters("abc", 700);
  write(path, tar);
  write_index(path);
  tar[512 + 100] = 'z';
  write(path, tar);
  const Shard shard = Shard::open(path);
  REQUIRE_THROWS_WITH(shard.verify(0), Catch::Contains("s.tar:a: ") && Catch::Contains("checksum"));
  shard.verify(1);
}

TEST_CASE("shard: a file that is cut short while it is used is an error, not a crash") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abc", 100'000));
  const Shard shard = Shard::open(path);
  REQUIRE(text_of(shard.content(2)) == std::string(100'000, 'c'));
  std::filesystem::resize_file(path, 50'000);
  REQUIRE_THROWS_WITH(shard.content(2), Catch::Contains("s.tar:c: cannot be read"));
  REQUIRE_THROWS_WITH(shard.content(0), Catch::Contains("s.tar:a: cannot be read"));
}

TEST_CASE("shard: what is cut within a page that stays reads as zeros, and is not vouched for") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abc", 300));
  write_index(path);
  const Shard shard = Shard::open(path);
  const Bytes content = shard.content(2);
  shard.confirm(2);
  std::filesystem::resize_file(path, size_t(shard.entry(2).offset) + 100);
  REQUIRE(text_of(content) == std::string(100, 'c') + std::string(200, '\0'));
  REQUIRE_THROWS_WITH(shard.confirm(2), Catch::Contains("s.tar:c: the shard was cut short"));
  REQUIRE_THROWS_WITH(shard.verify(2), Catch::Contains("s.tar:c: the shard was cut short"));
}

TEST_CASE("shard: an index that is cut while it is used is an error") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abc", 300));
  write_index(path);
  const Shard shard = Shard::open(path);
  std::filesystem::resize_file(index_path(path), 64 + 48 + 40);  // into the second entry
  REQUIRE(text_of(shard.content(0)) == std::string(300, 'a'));
  REQUIRE(shard.name(2) == path.string() + ":?");
  REQUIRE_THROWS_WITH(shard.content(2), Catch::Contains("s.tar: entry 2 of its index changed"));
}

TEST_CASE("shard: a named pipe in place of a shard or an index is refused at once") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  REQUIRE_THROWS_WITH(Shard::open(path), Catch::Contains("s.tar: is a named pipe"));
  std::filesystem::remove(path);
  write(path, letters("abc", 300));
  REQUIRE(mkfifo(index_path(path).c_str(), 0600) == 0);
  REQUIRE_THROWS_WITH(Shard::open(path), Catch::Contains("s.tar.idx: is a named pipe"));
}

TEST_CASE("shard: a file that is removed while it is used stays readable") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "s.tar";
  write(path, letters("abc", 9000));
  const Shard shard = Shard::open(path);
  std::filesystem::remove(path);
  REQUIRE(text_of(shard.content(1)) == std::string(9000, 'b'));
}
