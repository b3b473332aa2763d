#include "stoker/fetch/untar.h"

#include <zlib.h>

#include <cstdio>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "fetch/http_server.h"
#include "stoker/core/error.h"
#include "stoker/core/hash.h"
#include "stoker/fetch/known_datasets.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/tar.h"
#include "support/temporary.h"

using namespace stoker;
using test::Fault;
using test::FaultyFiles;
using test::tar_of;
using test::TarMember;
using test::TemporaryFolder;
using test::write;

namespace {

std::string gzip(const std::string& plain) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = uInt(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// What unpacking the archive into folder/top throws; afterwards nothing may be left of it.
std::string refusal(const std::string& archive, const fetch::UnpackLimits& limits = {}) {
  const TemporaryFolder folder;
  write(folder.path() / "a.tar.gz", archive);
  std::string message = "nothing was thrown";
  try {
    fetch::unpack_tar_gz(folder.path() / "a.tar.gz", folder.path() / "top", limits);
  } catch (const DataError& error) {
    message = error.what();
  }
  int entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path()))
    ++entries;
  REQUIRE(entries == 1);  // the archive alone
  return message;
}

TarMember pax(const std::string& key, const std::string& value) {
  return {.name = "pax", .content = test::pax_record(key, value), .type = 'x'};
}
TarMember operator+(TarMember one, const TarMember& other) {
  one.content += other.content;
  return one;
}
TarMember long_name(const std::string& name) {
  return {.name = "././@LongLink", .content = name + std::string(1, '\0'), .type = 'L'};
}

bool refused(const std::vector<TarMember>& members, const std::string& reason,
             const fetch::UnpackLimits& limits = {}) {
  const std::string message = refusal(gzip(tar_of(members)), limits);
  UNSCOPED_INFO(message);
  return message.find(reason) != std::string::npos && message.find("a.tar.gz") != std::string::npos;
}

}  // namespace

TEST_CASE("untar: files come out in their folders, in every common header") {
  const TemporaryFolder folder;
  const std::string big(1'500'000, 'b');
  write(folder.path() / "a.tar.gz",
        gzip(tar_of(
            {pax("mtime", "1234567.5"),
             {.name = "top/", .type = '5'},
             {.name = "top/one.bin", .content = "1"},
             {.name = "./top/sub/two.bin", .content = big, .magic = "ustar  "},
             {.name = "top/old.bin", .content = std::string(512, 'o'), .type = '\0', .magic = ""},
             {.name = "deep.bin", .content = "d", .prefix = "top/a/b"},
             {.name = "top/empty.bin"}})));
  const auto top = folder.path() / "new" / "top";
  std::filesystem::create_directory(folder.path() / "new");
  fetch::unpack_tar_gz(folder.path() / "a.tar.gz", top);
  REQUIRE(read_file(top / "one.bin") == "1");
  REQUIRE(read_file(top / "sub" / "two.bin") == big);
  REQUIRE(read_file(top / "old.bin") == std::string(512, 'o'));
  REQUIRE(read_file(top / "a" / "b" / "deep.bin") == "d");
  REQUIRE(read_file(top / "empty.bin").empty());
  REQUIRE_THROWS_AS(fetch::unpack_tar_gz(folder.path() / "a.tar.gz", top), DataError);
}

TEST_CASE("untar: names longer than a header come out, of GNU and of pax") {
  const TemporaryFolder folder;
  const std::string gnu = "top/" + std::string(120, 'g') + "/" + std::string(120, 'n');
  const std::string posix = "top/" + std::string(200, 'p') + "/\u0436.bin";
  write(folder.path() / "a.tar.gz",
        gzip(tar_of({{.name = "global", .content = test::pax_record("comment", "x"), .type = 'g'},
                     long_name(gnu),
                     {.name = "top/cut", .content = "gnu", .magic = "ustar  "},
                     pax("path", posix) + pax("mtime", "1.5"),
                     {.name = "top/cut", .content = "pax"},
                     pax("size", "4"),
                     {.name = "top/sized", .content = "four", .size = "00000000000"}})));
  fetch::unpack_tar_gz(folder.path() / "a.tar.gz", folder.path() / "top");
  REQUIRE(read_file(folder.path() / gnu) == "gnu");
  REQUIRE(read_file(folder.path() / posix) == "pax");
  REQUIRE(read_file(folder.path() / "top/sized") == "four");
}

TEST_CASE("untar: hostile members are refused and leave nothing behind") {
  const TarMember good{.name = "top/good.bin", .content = "good"};
  REQUIRE(refused({good, {.name = "/etc/passwd"}}, "absolute path"));
  REQUIRE(refused({good, {.name = "top/../../escape"}}, "leads out"));
  REQUIRE(refused({good, {.name = "../escape"}}, "leads out"));
  REQUIRE(refused({good, {.name = "other/file"}}, "outside 'top'"));
  REQUIRE(refused({good, {.name = "file"}}, "outside 'top'"));
  REQUIRE(refused({good, {.name = "topper/file"}}, "outside 'top'"));
  REQUIRE(refused({good, {.name = ""}}, "outside 'top'"));
  REQUIRE(refused({good, {.name = "top"}}, "top folder"));
  REQUIRE(refused({good, {.name = "top/a\nb"}}, "control characters"));
  REQUIRE(refused({good, {.name = "top/link", .type = '2'}}, "neither a file nor a folder"));
  REQUIRE(refused({good, {.name = "top/hard", .type = '1'}}, "neither a file nor a folder"));
  REQUIRE(refused({good, {.name = "top/device", .type = '3'}}, "neither a file nor a folder"));
  REQUIRE(refused({good, {.name = "top/pipe", .type = '6'}}, "neither a file nor a folder"));
  REQUIRE(
      refused({good, long_name("/etc/" + std::string(150, 'x')), {.name = "top/x"}}, "absolute"));
  REQUIRE(refused({good, pax("linkpath", "/etc/passwd"), {.name = "top/x", .type = '2'}},
                  "neither a file nor a folder"));
  REQUIRE(refused({good, pax("linkpath", "/etc/passwd"), {.name = "top/x", .type = '1'}},
                  "neither a file nor a folder"));
  REQUIRE(refused({good, good}, "comes twice"));
  REQUIRE(refused({good, {.name = "top/./good.bin"}}, "comes twice"));
  REQUIRE(refused({pax("path", "/etc/passwd"), good}, "absolute path"));
  REQUIRE(refused({pax("path", "top/../../escape"), good}, "leads out"));
  REQUIRE(refused({pax("path", "other/file"), good}, "outside 'top'"));
  REQUIRE(refused({pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0") +
                       pax("GNU.sparse.name", "top/x") + pax("GNU.sparse.realsize", "1000000"),
                   {.name = "top/x", .content = "1\n999999\n1\n" + std::string(502, '\0') + "x"}},
                  "sparse"));
  REQUIRE(refused({{.name = "top/", .type = '5'}}, "no file"));
  REQUIRE(refused({}, "no file"));
}

TEST_CASE("untar: sizes are held to their limits before anything is written") {
  REQUIRE(refused({{.name = "top/a", .size = "77777777777"}}, "unpacks to more than",
                  {.most_bytes = uint64_t{1} << 30}));
  REQUIRE(refused({{.name = "top/a", .size = "\x80\x01"}}, "size"));
  REQUIRE(refused({{.name = "top/a", .size = std::string(12, '\xFF')}}, "size"));
  REQUIRE(refused({pax("size", "99999999999"), {.name = "top/a"}}, "unpacks to more than"));
  REQUIRE(refused({{.name = "top/a", .content = "12345"}, {.name = "top/b", .content = "678"}},
                  "unpacks to more than 7 bytes", {.most_bytes = 7}));
  REQUIRE(refused({{.name = "top/a"}, {.name = "top/b"}}, "more than 1 files", {.most_files = 1}));
}

TEST_CASE("untar: damage of every kind is told from a good archive") {
  std::string content(40'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = char(i * 2654435761u >> 13);
  const std::string tar = tar_of({{.name = "top/a", .content = content}});
  const std::string whole = gzip(tar);
  for (const size_t cut :
       {size_t{0}, size_t{5}, size_t{100}, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    CAPTURE(cut);
    REQUIRE(refusal(whole.substr(0, cut)) != "nothing was thrown");
  }
  for (size_t at = 12; at < whole.size(); at += 997) {
    std::string flipped = whole;
    flipped[at] = char(flipped[at] ^ 0x10);
    CAPTURE(at);
    REQUIRE(refusal(flipped) != "nothing was thrown");
  }
  REQUIRE(refusal(tar).find("not gzip") != std::string::npos);
  REQUIRE(refusal(gzip(tar.substr(0, 700))).find("Truncated tar") != std::string::npos);
  REQUIRE(refusal(gzip(std::string(512, 'x'))).find("archive format") != std::string::npos);
  std::string bad_header = tar_of({{.name = "top/a", .content = "a"}, {.name = "top/b"}});
  bad_header[1024 + 3] = '!';
  REQUIRE(refusal(gzip(bad_header)).find("Damaged tar") != std::string::npos);
  const size_t marker = 1024;  // a cut at the border of a member
  REQUIRE(refusal(gzip(tar.substr(0, tar.size() - marker))).find("ends too early") !=
          std::string::npos);
}

TEST_CASE("untar: what compresses to little is bounded") {
  const std::string tar = tar_of({{.name = "top/a", .content = "a"}});
  REQUIRE(refusal(gzip(tar + std::string(size_t{64} << 20, '\0'))).find("follows the end") !=
          std::string::npos);
  std::string attributes;  // that no file follows
  for (int i = 0; i < 40; ++i) {
    const TarMember member = pax("comment", std::string(900'000, 'c'));
    attributes += tar_of({member}).substr(0, 512 + (member.content.size() + 511) / 512 * 512);
  }
  REQUIRE(refusal(gzip(attributes + tar), {.most_bytes = 1 << 20, .most_files = 10})
              .find("unpacks to more than") != std::string::npos);
}

TEST_CASE("untar: a disk that is full at any operation leaves nothing behind, or all of it") {
  const TemporaryFolder folder;
  write(folder.path() / "a.tar.gz", gzip(tar_of({{.name = "top/a", .content = "content"}})));
  const auto unpack = [&](FileSystem& files) {
    fetch::unpack_tar_gz(folder.path() / "a.tar.gz", folder.path() / "top", {}, files);
  };
  FaultyFiles counting(real_file_system());
  unpack(counting);
  REQUIRE(counting.operations() > 4);
  for (int64_t n = 0; n < counting.operations(); ++n) {
    std::filesystem::remove_all(folder.path() / "top");
    CAPTURE(n);
    FaultyFiles disk(real_file_system(), {.at = n, .kind = Fault::Kind::kNoSpace});
    CHECK_THROWS_AS(unpack(disk), FileError);
    // The last operation syncs the name of what is whole.
    const bool is_last = n + 1 == counting.operations();
    CHECK(std::filesystem::exists(folder.path() / "top/a") == is_last);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1 + is_last);
  }
}

TEST_CASE("known data sets: every file has mirrors, a size and a checksum") {
  std::set<std::string_view> names;
  for (const fetch::KnownDataset& dataset : fetch::known_datasets()) {
    REQUIRE(names.insert(dataset.name).second);
    REQUIRE((dataset.archive_folder.empty() || dataset.files.size() == 1));
    for (const fetch::Download& file : dataset.files) {
      REQUIRE(!file.urls.empty());
      REQUIRE(file.urls[0].starts_with("https://"));
      REQUIRE(file.size_bytes > 0);
      REQUIRE(file.sha256.size() == 64);
      REQUIRE(file.sha256.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
  }
  REQUIRE(names == std::set<std::string_view>{"cifar10", "cifar100", "fashion_mnist", "mnist"});
  REQUIRE(&fetch::known_dataset("mnist") == &fetch::known_datasets()[2]);
  REQUIRE_THROWS_WITH(fetch::known_dataset("cifar1"), Catch::Contains("did you mean 'cifar10'?"));
}

TEST_CASE("known data sets: an archive is fetched, unpacked and removed, once") {
  const std::string archive = gzip(tar_of({{.name = "top/test.bin", .content = "pixels"}}));
  test::HttpServer server(
      [&](const test::HttpRequest& request) { return test::content_reply(archive, request); });
  const fetch::Download file{.name = "a.tar.gz",
                             .urls = {server.url("a.tar.gz")},
                             .size_bytes = int64_t(archive.size()),
                             .sha256 = sha256_hex(as_bytes(archive))};
  const TemporaryFolder folder;
  const fetch::KnownDataset dataset{"fake", "cifar", "", {file}, "top"};
  for (int call = 0; call < 2; ++call) {
    fetch::get_dataset(dataset, folder.path() / "fake");
    REQUIRE(read_file(folder.path() / "fake" / "top" / "test.bin") == "pixels");
    REQUIRE(!std::filesystem::exists(folder.path() / "fake" / "a.tar.gz"));
  }
  REQUIRE(server.requests().size() == 1);

  // Files that are used as they are stay.
  fetch::get_dataset({"plain", "idx", "", {file}, ""}, folder.path() / "plain");
  REQUIRE(read_file(folder.path() / "plain" / "a.tar.gz") == archive);
}
