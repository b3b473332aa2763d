#include "stoker/shards/tar_members.h"

#include <vector>

#include "stoker/core/error.h"
#include "stoker/shards/tar_writer.h"
#include "support/catch.h"
#include "support/tar.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::shards;
using test::tar_of;

namespace {

std::vector<std::pair<std::string, std::string>> read_all(const std::string& tar) {
  TarMembers members(as_bytes(tar), "a.tar");
  std::vector<std::pair<std::string, std::string>> all;
  while (const auto member = members.next())
    all.emplace_back(member->name, tar.substr(member->offset, member->size_bytes));
  return all;
}

bool refused(const std::string& tar, const std::string& reason) {
  std::string message = "nothing was thrown";
  try {
    read_all(tar);
  } catch (const DataError& error) {
    message = error.what();
  }
  UNSCOPED_INFO(message);
  return message.find(reason) != std::string::npos && message.starts_with("a.tar: at byte ");
}
bool member_refused(const test::TarMember& member, const std::string& reason) {
  return refused(tar_of({{.name = "good.jpg", .content = "good"}, member}), reason);
}

}  // namespace

TEST_CASE("tar members: every common header is read, long names too") {
  const std::string long_name = std::string(150, 'd') + "/x.jpg";
  const auto all = read_all(tar_of({
      {.name = "global", .content = test::pax_record("mtime", "1234567.5"), .type = 'g'},
      {.name = "folder/", .type = '5'},
      {.name = "folder/a.jpg", .content = "one"},
      {.name = "b.jpg", .content = std::string(512, 'b'), .magic = "ustar  "},
      {.name = "c.jpg", .type = '\0', .magic = ""},
      {.name = "d.jpg", .content = "d", .prefix = "deep/er"},
      {.name = "././@LongLink", .content = long_name + '\0', .type = 'L', .magic = "ustar  "},
      {.name = "cut", .content = "gnu"},
      {.name = "pax", .content = test::pax_record("path", long_name), .type = 'x'},
      {.name = "cut", .content = "pax"},
      {.name = "pax", .content = test::pax_record("size", "4"), .type = 'x'},
      {.name = "e.jpg", .content = "size", .size = "00000000000"},
  }));
  const std::vector<std::pair<std::string, std::string>> expected{
      {"folder/a.jpg", "one"}, {"b.jpg", std::string(512, 'b')},
      {"c.jpg", ""},           {"deep/er/d.jpg", "d"},
      {long_name, "gnu"},      {long_name, "pax"},
      {"e.jpg", "size"}};
  REQUIRE(all == expected);
}

TEST_CASE("tar members: hostile ones are refused") {
  REQUIRE(member_refused({.name = "/etc/x.jpg"}, "absolute"));
  REQUIRE(member_refused({.name = "a/../../x.jpg"}, "leads out"));
  REQUIRE(member_refused({.name = "a\nb.jpg"}, "control characters"));
  REQUIRE(member_refused({.name = ""}, "is empty"));
  for (const char type : {'1', '2', '3', '4', '6', '7', 'S', 'K', 'V'})
    REQUIRE(member_refused({.name = "x.jpg", .type = type}, "neither a file nor a folder"));
  REQUIRE(member_refused({.name = "x", .content = test::pax_record("path", "../up"), .type = 'g'},
                         "for all members"));
  REQUIRE(member_refused(
      {.name = "x", .content = test::pax_record("GNU.sparse.major", "1"), .type = 'x'}, "sparse"));
  const auto with_pax = [](const std::string& records) {
    return tar_of({{.name = "x", .content = records, .type = 'x'}, {.name = "a.jpg"}});
  };
  REQUIRE(refused(with_pax(test::pax_record("path", "../up.x")), "leads out"));
  REQUIRE(refused(with_pax("99 path=a\n"), "malformed"));
  REQUIRE(refused(with_pax("-1 path=a\n"), "malformed"));
  REQUIRE(refused(with_pax("path=a\n"), "malformed"));
  REQUIRE(refused(with_pax("11 size=1e3\n"), "malformed"));
  REQUIRE(refused(with_pax(test::pax_record("size", "1e3")), "not a number"));
  REQUIRE(refused(with_pax(test::pax_record("size", "18446744073709551615")), "should have"));
  REQUIRE(refused(with_pax(test::pax_record("size", "99999999999999999999")), "not a number"));
  REQUIRE(member_refused({.name = "x", .content = test::pax_record("path", "a"), .type = 'x'},
                         "without a member"));
}

TEST_CASE("tar members: sizes beyond the archive are refused, in octal and in base 256") {
  REQUIRE(member_refused({.name = "x.jpg", .size = "77777777777"}, "should have 8589934591 bytes"));
  REQUIRE(member_refused(
      {.name = "x.jpg", .size = std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)},
      "should have 9223372036854775807 bytes"));
  for (const std::string& size :
       {std::string(12, '\xff'), std::string("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12),
        std::string("\x81\0\0\0\0\0\0\0\0\0\0\0", 12), std::string("0x10"), std::string("-1")})
    REQUIRE(member_refused({.name = "x.jpg", .size = size}, "is not a number"));
  const auto all = read_all(tar_of({{.name = "a.jpg",
                                     .content = "four",
                                     .size = std::string("\x80\0\0\0\0\0\0\0\0\0\0\4", 12)}}));
  REQUIRE(all.at(0).second == "four");
}

TEST_CASE("tar members: an archive cut anywhere, and what is no archive, is refused") {
  const std::string tar = tar_of(
      {{.name = "a.jpg", .content = std::string(700, 'a')}, {.name = "b.jpg", .content = "b"}});
  for (size_t size = 0; size < tar.size(); size += 128) {
    CAPTURE(size);
    REQUIRE(refused(tar.substr(0, size), size == 0 ? "empty" : "cut short"));
  }
  REQUIRE(refused("\x1f\x8b" + std::string(600, 'x'), "compressed by gzip"));
  REQUIRE(refused(std::string(600, 'x'), "not a tar archive"));
  REQUIRE(refused(tar + tar, "data follow the end"));
  REQUIRE(refused(tar.substr(0, tar.size() - 1024) + std::string(512, 'j') + tar, "checksum"));
  REQUIRE(read_all(tar + std::string(9000, '\0')).size() == 2);
}

TEST_CASE("tar writer: what it writes is read back, and is the same each time") {
  const test::TemporaryFolder folder;
  std::string first;
  for (int turn = 0; turn < 2; ++turn) {
    TarWriter tar(real_file_system(), folder.path() / "w.tar");
    REQUIRE(tar.add("a.jpg", as_bytes("one")) == 512);
    REQUIRE(tar.add("b.jpg", as_bytes(std::string(512, 'b'))) == 1536);
    REQUIRE(tar.add("c.cls", as_bytes("")) == 2560);
    tar.commit();
    const std::string text = read_file(folder.path() / "w.tar");
    REQUIRE(text.size() == tar.size_bytes());
    const auto all = read_all(text);
    REQUIRE(all.size() == 3);
    REQUIRE(all[0] == std::pair<std::string, std::string>("a.jpg", "one"));
    REQUIRE(all[1].second == std::string(512, 'b'));
    REQUIRE((first.empty() || first == text));
    first = text;
  }
  {
    TarWriter tar(real_file_system(), folder.path() / "never.tar");
    tar.add("a.jpg", as_bytes("one"));
  }
  REQUIRE(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
