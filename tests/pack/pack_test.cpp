#include "stoker/pack/pack.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "data/files.h"
#include "data/named_dataset.h"
#include "stoker/core/error.h"
#include "stoker/data/guess.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/shard_files.h"
#include "stoker/data/shard_set.h"
#include "stoker/data/table.h"
#include "support/catch.h"
#include "support/faulty_files.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::pack;
using test::message_of;
namespace fs = std::filesystem;

namespace {

// Twelve images of sizes and gray levels that tell them apart, in classes a and b.
std::shared_ptr<const data::Dataset> photos(const fs::path& root) {
  for (int i = 0; i < 12; ++i)
    test::write(root / (i % 3 ? "a" : "b") / fmt::format("{:02}.png", i),
                test::plain_png(20 + i, 11 + i, uint8_t(20 * i), i % 2 ? 3 : 1));
  return data::open_image_folder(root);
}

std::shared_ptr<const data::Dataset> packed_set(const fs::path& folder, const std::string& word) {
  return data::open_shards(data::find_shards(folder, word, "data.train"));
}

std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string all_bytes(const fs::path& folder) {
  std::string bytes;
  for (const std::string& name : entries(folder)) bytes += name + read_file(folder / name);
  return bytes;
}

}  // namespace

TEST_CASE("pack: shards hold the images, labels and classes of the source") {
  const test::TemporaryFolder folder;
  const auto source = photos(folder.path() / "photos");
  const auto result = pack::pack(std::vector<PackSplit>{{"train", source}, {"val", source}},
                                 folder.path() / "out", {.shards = 3});
  REQUIRE(result.size() == 2);
  REQUIRE(result[1].name == "val");
  REQUIRE(result[0].images == 12);
  REQUIRE(result[0].shards == 3);
  REQUIRE(result[0].skipped.empty());
  REQUIRE(entries(folder.path() / "out").size() == 13);  // 6 shards, their indexes, classes.txt
  const auto packed = packed_set(folder.path() / "out", "train");
  REQUIRE(packed->size() == 12);
  REQUIRE(packed->class_names() == source->class_names());
  std::vector<std::byte> scratch, scratch2;
  int64_t bytes = 0;
  for (int64_t i = 0; i < 12; ++i) {
    REQUIRE(packed->label(i) == source->label(i));
    packed->verify(i);
    const Bytes expected = source->get(i, scratch).encoded;
    bytes += std::ssize(expected);
    REQUIRE(std::ranges::equal(packed->get(i, scratch2).encoded, expected));  // PNG is copied
    REQUIRE(packed->name(i).ends_with(fmt::format(".tar:{:09}", i)));
  }
  REQUIRE(result[0].source_bytes == bytes);
  REQUIRE(result[0].packed_bytes == bytes);
}

TEST_CASE("pack: the bytes depend on source and options alone") {
  const test::TemporaryFolder folder;
  const auto source = photos(folder.path() / "photos");
  const std::vector<PackSplit> splits{{"train", source}};
  pack::pack(splits, folder.path() / "one",
             {.shards = 2, .shuffle = true, .seed = 1, .threads = 1});
  pack::pack(splits, folder.path() / "five",
             {.shards = 2, .shuffle = true, .seed = 1, .threads = 5});
  pack::pack(splits, folder.path() / "other",
             {.shards = 2, .shuffle = true, .seed = 2, .threads = 1});
  REQUIRE(all_bytes(folder.path() / "one") == all_bytes(folder.path() / "five"));
  REQUIRE(all_bytes(folder.path() / "one") != all_bytes(folder.path() / "other"));
  std::set<std::string> names;
  const auto packed = packed_set(folder.path() / "one", "train-*.tar");
  for (int64_t i = 0; i < 12; ++i) names.insert(packed->name(i).substr(packed->name(i).rfind(':')));
  REQUIRE(names.size() == 12);
}

TEST_CASE("pack: the number of shards follows the size, and they are alike") {
  const test::TemporaryFolder folder;
  std::vector<fs::path> paths;
  const auto source = photos(folder.path() / "photos");
  const auto result = pack::pack(std::vector<PackSplit>{{"train", source}}, folder.path() / "out",
                                 {.convert = {.raw = true}, .shard_bytes = 8000, .threads = 2});
  REQUIRE(result[0].shards > 2);
  std::vector<int64_t> sizes;
  for (const fs::path& shard : data::find_shards(folder.path() / "out", "train", "x"))
    sizes.push_back(data::open_shards(std::vector{shard})->size());
  REQUIRE(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == 12);
  REQUIRE(std::ranges::max(sizes) - std::ranges::min(sizes) <= 1);
}

TEST_CASE("pack: an image that cannot be read ends it, or is left out and listed") {
  const test::TemporaryFolder folder;
  const auto source = photos(folder.path() / "photos");
  test::write(folder.path() / "photos" / "a" / "04.png", "nothing");
  const std::vector<PackSplit> splits{{"train", source}};
  REQUIRE_THAT(
      message_of<DataError>([&] { pack::pack(splits, folder.path() / "out", {.shards = 12}); }),
      Catch::Contains("04.png"));
  REQUIRE(entries(folder.path()) == std::vector<std::string>{"photos"});
  const auto result =
      pack::pack(splits, folder.path() / "out", {.shards = 12, .on_error = data::OnError::kSkip});
  REQUIRE(result[0].images == 11);
  REQUIRE(result[0].shards == 11);  // the one without samples is not written
  REQUIRE(result[0].skipped.size() == 1);
  REQUIRE_THAT(result[0].skipped[0].reason, Catch::Contains("04.png"));
  REQUIRE(packed_set(folder.path() / "out", "train-{000000..000010}.tar")->size() == 11);

  for (int i = 0; i < 12; ++i)
    test::write(folder.path() / "photos" / (i % 3 ? "a" : "b") / fmt::format("{:02}.png", i), "x");
  REQUIRE_THAT(message_of<DataError>([&] {
                 pack::pack(splits, folder.path() / "none", {.on_error = data::OnError::kSkip});
               }),
               Catch::Contains("none of the 12 images can be read"));
}

TEST_CASE("pack: what is there already is not overwritten, leftovers of the dead are removed") {
  const test::TemporaryFolder folder;
  const std::vector<PackSplit> splits{{"train", photos(folder.path() / "photos")}};
  test::write(folder.path() / "out" / "mine.txt", "mine");
  REQUIRE_THAT(message_of<DataError>([&] { pack::pack(splits, folder.path() / "out", {}); }),
               Catch::Contains("is there already"));
  REQUIRE(read_file(folder.path() / "out" / "mine.txt") == "mine");
  // No process has this number: the kernel's limit is 2^22.
  test::write(folder.path() / ".new.packing-99999999" / "train-000000.tar", "half");
  fs::create_directory(folder.path() / "new");
  pack::pack(splits, folder.path() / "new", {});
  REQUIRE(entries(folder.path()) == std::vector<std::string>{"new", "out", "photos"});
}

TEST_CASE("pack: val is labelled by train's classes, whatever its own order") {
  const test::TemporaryFolder folder;
  const auto train = photos(folder.path() / "photos");
  test::write(folder.path() / "val" / "b" / "1.png", test::plain_png(9, 8, 1));
  const std::vector<PackSplit> splits{{"train", train},
                                      {"val", data::open_image_folder(folder.path() / "val")}};
  pack::pack(splits, folder.path() / "out", {});
  REQUIRE(packed_set(folder.path() / "out", "val")->label(0) == 1);
}

TEST_CASE("pack: whatever operation on the disk fails, the folder is whole or not there") {
  const test::TemporaryFolder folder;
  const std::vector<PackSplit> splits{{"train", photos(folder.path() / "photos")}};
  test::FaultyFiles count(real_file_system());
  pack::pack(splits, folder.path() / "good", {.shards = 2, .threads = 1}, {}, count);
  REQUIRE(count.operations() > 20);
  for (int64_t at = 0; at < count.operations(); ++at) {
    CAPTURE(at);
    test::FaultyFiles faulty(real_file_system(), {.at = at, .forever = true});
    REQUIRE_THROWS_AS(
        pack::pack(splits, folder.path() / "out", {.shards = 2, .threads = 1}, {}, faulty),
        FileError);
    if (fs::exists(folder.path() / "out")) {
      REQUIRE(all_bytes(folder.path() / "out") == all_bytes(folder.path() / "good"));
    }
    fs::remove_all(folder.path() / "out");
    REQUIRE(entries(folder.path()) == std::vector<std::string>{"good", "photos"});
  }
}

TEST_CASE("pack: a class name that no line can hold is refused before the work") {
  using namespace std::string_literals;
  for (const std::string& name : {"nl\nline"s, "cr\rline"s, ""s, "z\0"s}) {
    CAPTURE(name);
    const test::TemporaryFolder folder;
    const auto set = std::make_shared<test::NamedDataset>(
        std::vector<test::NamedDataset::Sample>{{"a", 0}, {"b", 1}},
        std::vector<std::string>{"plain", name});
    int reports = 0;
    const std::string message = message_of<DataError>([&] {
      pack::pack(std::vector<PackSplit>{{"train", set}}, folder.path() / "out", {},
                 [&](const PackProgress&) { ++reports; });
    });
    CHECK_THAT(message, Catch::Contains("cannot stand in a line of classes.txt"));
    CHECK(message.find('\n') == std::string::npos);
    CHECK(reports == 0);
    CHECK(entries(folder.path()).empty());
  }
}

TEST_CASE("pack: several labels an image come back with the classes as they were") {
  const test::TemporaryFolder folder;
  const auto write = [&](const char* name) {
    test::write(folder.path() / "set" / name, test::plain_png(5, 4, 9));
  };
  for (const char* name : {"a.png", "b.png", "c.png"}) write(name);
  test::write(folder.path() / "set/train.csv",
              "path,zebra,none of it,\"ant, red\"\na.png,1,0,1\nb.png,0,0,0\nc.png,0,0,1\n");
  const data::DataOptions options{.format = data::formats().pick("csv"),
                                  .root = (folder.path() / "set").string(),
                                  .multilabel = true,
                                  .cache = data::Cache::kNone};
  const auto source = data::open_dataset(options, data::Split::kTrain);
  pack::pack(std::vector<PackSplit>{{"train", source}}, folder.path() / "out", {});

  const auto found = data::find_splits(folder.path() / "out");
  REQUIRE(found.size() == 1);
  const auto packed = data::open_dataset(found[0].options, found[0].split);
  REQUIRE(packed->is_multilabel());
  CHECK(packed->class_names() == source->class_names());
  REQUIRE(packed->size() == source->size());
  for (int64_t i = 0; i < source->size(); ++i)
    CHECK(std::ranges::equal(packed->labels(i), source->labels(i)));
}

TEST_CASE("pack: labels that are numbers come back as the classes they were") {
  const test::TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png"})
    test::write(folder.path() / "set" / name, test::plain_png(5, 4, 9));
  test::write(folder.path() / "set/train.csv", "path,7,03\na.png,1,1\nb.png,0,1\n");
  const data::DataOptions options{.format = data::formats().pick("csv"),
                                  .root = (folder.path() / "set").string(),
                                  .multilabel = true,
                                  .cache = data::Cache::kNone};
  const auto source = data::open_dataset(options, data::Split::kTrain);
  pack::pack(std::vector<PackSplit>{{"train", source}}, folder.path() / "out", {});
  const auto found = data::find_splits(folder.path() / "out");
  const auto packed = data::open_dataset(found.at(0).options, found.at(0).split);
  CHECK(packed->class_names() == std::vector<std::string>{"7", "03"});
  for (int64_t i = 0; i < source->size(); ++i)
    CHECK(std::ranges::equal(packed->labels(i), source->labels(i)));
}

TEST_CASE("pack: a label that a file of labels does not give back is refused before the work") {
  const test::TemporaryFolder folder;
  test::write(folder.path() / "train.csv", "path,cat|dog,bird\na.png,1,0\n");
  const data::DataOptions options{.format = data::formats().pick("csv"),
                                  .root = folder.path().string(),
                                  .multilabel = true,
                                  .cache = data::Cache::kNone};
  const auto set = data::open_dataset(options, data::Split::kTrain);
  CHECK_THAT(message_of<DataError>([&] {
               pack::pack(std::vector<PackSplit>{{"train", set}}, folder.path() / "out", {});
             }),
             Catch::Contains("\"cat|dog\"") && Catch::Contains("data.merge_classes"));
  CHECK(entries(folder.path()) == std::vector<std::string>{"train.csv"});
}

TEST_CASE("pack: class names with quotes come back as they were") {
  const test::TemporaryFolder folder;
  const std::vector<std::string> names{"\"a\"", "b, \"c\"", "\"d"};
  for (const std::string& name : names)
    test::write(folder.path() / "set" / name / "1.png", test::plain_png(5, 4, 9));
  const auto source = data::open_image_folder(folder.path() / "set");
  pack::pack(std::vector<PackSplit>{{"train", source}}, folder.path() / "out", {});
  CHECK(packed_set(folder.path() / "out", "train")->class_names() == source->class_names());
}
