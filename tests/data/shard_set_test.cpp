#include "stoker/data/shard_set.h"

#include "data/files.h"
#include "stoker/core/error.h"
#include "stoker/data/guess.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/table.h"
#include "stoker/shards/npy.h"
#include "stoker/shards/shard.h"
#include "support/catch.h"
#include "support/tar.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::write;

// `count` samples of class `label`, gray level `first` and up.
std::string shard_of(int first, int count, int label) {
  std::vector<test::TarMember> members;
  for (int i = first; i < first + count; ++i) {
    const auto png = test::plain_png(6 + i, 5, uint8_t(i));
    members.push_back(
        {.name = fmt::format("{}.png", i),
         .content = std::string(reinterpret_cast<const char*>(png.data()), png.size())});
    members.push_back({.name = fmt::format("{}.cls", i), .content = std::to_string(label)});
  }
  return test::tar_of(members);
}

std::vector<std::string> names_of(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.filename().string());
  return names;
}

std::string refusal(const fs::path& root, const std::string& word) {
  return message_of<Error>([&] { open_shards(find_shards(root, word, "data.train")); });
}

TEST_CASE("shards: names of classes and class numbers as other tools write them", "[shards]") {
  const test::TemporaryFolder folder;
  const auto png = test::plain_png(6, 5, 9);
  const std::string image(reinterpret_cast<const char*>(png.data()), png.size());
  for (const char* label : {"1\r\n", "\xEF\xBB\xBF 1\n\n", "\n1 \r"}) {
    CAPTURE(label);
    write(folder.path() / "t-0.tar",
          test::tar_of({{.name = "a.png", .content = image}, {.name = "a.cls", .content = label}}));
    REQUIRE(open_shards(find_shards(folder.path(), "t", "data.train"))->label(0) == 1);
  }
  for (const char* names : {"\xEF\xBB\xBF"
                            "cat\r\nbig dog\r\n\r\n\r\n",
                            "cat\nbig dog\n \n", "cat\rbig dog", "\"cat\"\r\n\"big dog\"\r\n"}) {
    CAPTURE(names);
    write(folder.path() / "classes.txt", names);
    REQUIRE(read_class_names(folder.path()) == std::vector<std::string>{"cat", "big dog"});
  }
}

TEST_CASE("shards: several are one data set, by name and number", "[shards]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "train-000000.tar", shard_of(0, 3, 1));
  write(folder.path() / "train-000001.tar", shard_of(3, 1, 0));
  write(folder.path() / "train-000002.tar", shard_of(4, 2, 1));
  write(folder.path() / "val-000000.tar", shard_of(40, 2, 0));
  shards::write_index(folder.path() / "train-000001.tar");
  write(folder.path() / "classes.txt", "cat\ndog\n");
  DataOptions options{
      .format = formats().pick("shards"), .root = folder.path().string(), .cache = Cache::kNone};
  const auto train = open_dataset(options, Split::kTrain);
  REQUIRE(train->size() == 6);
  REQUIRE(open_dataset(options, Split::kVal)->size() == 2);
  REQUIRE(train->class_names() == std::vector<std::string>{"cat", "dog"});
  std::vector<std::byte> scratch;
  for (const int64_t i : {5, 0, 3, 2, 4, 1}) {
    CAPTURE(i);
    REQUIRE(train->label(i) == (i == 3 ? 0 : 1));
    REQUIRE(std::ranges::equal(train->get(i, scratch).encoded,
                               test::plain_png(6 + int(i), 5, uint8_t(i))));
    REQUIRE(train->name(i).ends_with(fmt::format(".tar:{}", i)));
  }
}

TEST_CASE("shards: words of the config that name them", "[shards]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"a-000009.tar", "a-000010.tar", "a-000010.tar.idx", "b-000000.tar",
                           "sub/c.tar", "sub/d.tar", "alone.tar"})
    write(folder.path() / name, "x");
  const auto found = [&](const std::string& word) {
    return names_of(find_shards(folder.path(), word, "data.train"));
  };
  const std::vector<std::string> both{"a-000009.tar", "a-000010.tar"};
  REQUIRE(found("a") == both);
  REQUIRE(found("a-*.tar") == both);
  REQUIRE(found("a-0000??.tar") == both);
  REQUIRE(found("a-*") == both);
  REQUIRE(found("a-{000009..000010}.tar") == both);
  REQUIRE(found("alone.tar") == std::vector<std::string>{"alone.tar"});
  REQUIRE(found("sub") == std::vector<std::string>{"c.tar", "d.tar"});
}

TEST_CASE("shards: words that lead to nothing say what is there", "[shards]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a-000000.tar", shard_of(0, 1, 0));
  write(folder.path() / "z-000000.tar.gz", "x");
  REQUIRE_THAT(refusal(folder.path(), "train"),
               Catch::Contains("data.train = \"train\"") && Catch::Contains("a-*.tar"));
  REQUIRE_THAT(refusal(folder.path(), "a-{000000..000001}.tar"), Catch::Contains("a-000001.tar"));
  for (const char* word :
       {"a-{0..}.tar", "a-{0", "a-{1..0}.tar", "a-{0..99999999}.tar", "a-{x..y}.tar"})
    REQUIRE_THAT(refusal(folder.path(), word), Catch::Contains("expected a range"));
  REQUIRE_THAT(refusal(folder.path(), "z"), Catch::Contains("compressed"));
  REQUIRE_THAT(refusal(folder.path() / "none", "a"), Catch::Contains("no .tar files"));
}

TEST_CASE("shards: classes are held to their file", "[shards]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "a-0.tar", shard_of(0, 2, 2));
  REQUIRE(open_shards(find_shards(folder.path(), "a", "x"))->class_names() ==
          std::vector<std::string>{"0", "1", "2"});
  write(folder.path() / "classes.txt", "cat\r\ndog\r\n");
  REQUIRE_THAT(refusal(folder.path(), "a"),
               Catch::Contains("a-0.tar:0: its class is 2") && Catch::Contains("names 2 classes"));
  write(folder.path() / "classes.txt", "cat\n\ndog\n");
  REQUIRE_THAT(refusal(folder.path(), "a"), Catch::Contains("classes.txt: line 2: no class name"));
  write(folder.path() / "classes.txt", "cat\ndog\ncat\n");
  REQUIRE_THAT(refusal(folder.path(), "a"), Catch::Contains("line 3: \"cat\" comes twice"));
  write(folder.path() / "classes.txt", "");
  REQUIRE_THAT(refusal(folder.path(), "a"), Catch::Contains("names no classes"));
  write(folder.path() / "classes.txt", "cat\ndog\nowl");
  REQUIRE(open_shards(find_shards(folder.path(), "a", "x"))->class_names().back() == "owl");
}

TEST_CASE("shards: folders with different classes are not mixed", "[shards]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"one", "two"}) {
    write(folder.path() / name / "a-0.tar", shard_of(0, 2, 0));
    write(folder.path() / name / "classes.txt", name);
  }
  REQUIRE_THAT(refusal(folder.path(), "*/a-*.tar"), Catch::Contains("classes.txt differ"));
}

TEST_CASE("shards: a cut or empty shard is an error when opened", "[shards]") {
  const test::TemporaryFolder folder;
  const std::string shard = shard_of(0, 3, 0);
  write(folder.path() / "a-0.tar", shard.substr(0, shard.size() / 2));
  REQUIRE_THAT(refusal(folder.path(), "a"), Catch::Contains("cut short"));
  write(folder.path() / "a-0.tar", "");
  REQUIRE_THAT(refusal(folder.path(), "a"), Catch::Contains("empty"));
  write(folder.path() / "a-0.tar", test::tar_of({}));
  REQUIRE_THAT(refusal(folder.path(), "a"), Catch::Contains("no samples"));
}

TEST_CASE("shards: pixels are used where they lie and are not cached", "[shards]") {
  const test::TemporaryFolder folder;
  const std::string good = shards::npy_header(7, 5, 3) + std::string(105, '\x11');
  write(folder.path() / "train-0.tar",
        test::tar_of({{.name = "a.npy", .content = good},
                      {.name = "a.cls", .content = "0"},
                      {.name = "b.npy", .content = good.substr(0, 200)},
                      {.name = "b.cls", .content = "0"}}));
  DataOptions options{
      .format = formats().pick("shards"), .root = folder.path().string(), .cache = Cache::kMemory};
  const auto dataset = open_dataset(options, Split::kTrain);
  REQUIRE(dataset->kept_bytes_estimate() == 0);
  std::vector<std::byte> scratch;
  const Record record = dataset->get(0, scratch);
  REQUIRE(record.is_decoded());
  REQUIRE(scratch.empty());
  REQUIRE(record.pixels.width == 7);
  REQUIRE(record.pixels.pixels[104] == 0x11);
  REQUIRE_THAT(message_of<DataError>([&] { dataset->get(1, scratch); }),
               Catch::Contains("train-0.tar:b: 72 bytes of pixels, not 105"));
}

TEST_CASE("shards: they are found by their names", "[shards]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"val-000000.tar", "train-000000.tar", "train-000001.tar"})
    write(folder.path() / name, shard_of(0, 2, 0));
  const auto splits = find_splits(folder.path());
  REQUIRE(splits.size() == 2);
  REQUIRE(splits[0].name == "train");
  REQUIRE(open_dataset(splits[0].options, splits[0].split)->size() == 4);
  REQUIRE(splits[1].name == "val");
  const auto one = find_splits(folder.path() / "train-000001.tar");
  REQUIRE(one.size() == 1);
  REQUIRE(open_dataset(one[0].options, one[0].split)->size() == 2);
}

}  // namespace
}  // namespace stoker::data
