#include "stoker/shards/samples.h"

#include <vector>

#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/tar.h"

using namespace stoker;
using namespace stoker::shards;

namespace {

std::vector<StoredSample> read_all(const std::vector<test::TarMember>& members) {
  const std::string tar = test::tar_of(members);
  Samples samples(as_bytes(tar), "a.tar");
  std::vector<StoredSample> all;
  while (auto sample = samples.next()) all.push_back(*sample);
  return all;
}

bool refused(const std::vector<test::TarMember>& members, const std::string& reason) {
  std::string message = "nothing was thrown";
  try {
    read_all(members);
  } catch (const DataError& error) {
    message = error.what();
  }
  UNSCOPED_INFO(message);
  return message.find(reason) != std::string::npos && message.find("a.tar") != std::string::npos;
}

}  // namespace

TEST_CASE("samples: members side by side are one, named up to the first dot") {
  const auto all = read_all({{.name = "dir.v1/0001.jpg", .content = "abc"},
                             {.name = "dir.v1/0001.cls", .content = " 7\n"},
                             {.name = "dir.v1/0001.seg.png", .content = "x"},
                             {.name = "dir.v1/0001.json", .content = "{}"},
                             {.name = "._0002.jpg", .content = "of a Mac"},
                             {.name = "README", .content = "no dot"},
                             {.name = "0002.cls", .content = "0"},
                             {.name = "0002.NPY", .content = "array"}});
  REQUIRE(all.size() == 2);
  REQUIRE(all[0].key == "dir.v1/0001");
  REQUIRE(all[0].label == 7);
  REQUIRE(all[0].image.size_bytes == 3);
  REQUIRE(all[0].content == Content::kEncoded);
  REQUIRE(all[1].key == "0002");
  REQUIRE(all[1].label == 0);
  REQUIRE(all[1].content == Content::kNpy);
  REQUIRE(read_all({}).empty());
}

TEST_CASE("samples: what is not one is refused by name") {
  const test::TarMember jpg{.name = "1.jpg", .content = "a"}, cls{.name = "1.cls", .content = "0"};
  REQUIRE(refused({jpg}, "'1.cls' with its class number is missing"));
  REQUIRE(refused({cls}, "sample '1': it has no image"));
  REQUIRE(refused({jpg, cls, {.name = "1.png"}}, "two images, '1.jpg' and '1.png'"));
  REQUIRE(refused({jpg, jpg, cls}, "'1.jpg' comes twice"));
  REQUIRE(refused({jpg, cls, {.name = "2.jpg"}, {.name = "2.cls", .content = "0"}, jpg, cls},
                  "do not stand side by side"));
  REQUIRE(refused({jpg, {.name = "2.jpg"}, cls}, "is missing"));
  for (const char* text :
       {"", " ", "cat", "1.5", "-1", "1 2", "0x1", "1000000", "99999999999999999999"})
    REQUIRE(refused({jpg, {.name = "1.cls", .content = text}}, "'1.cls' holds \""));
}
