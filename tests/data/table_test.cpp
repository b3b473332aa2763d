#include "stoker/data/table.h"

#include "data/files.h"
#include "stoker/config/compare.h"
#include "stoker/config/config.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

using test::message_of;
using test::plain_png;
using test::write;

TEST_CASE("a format is a row with options of its own", "[table]") {
  auto loaded = config::load_overrides<DataOptions>(std::vector<std::string>{
      "format={name: shapes, train_images: 12, classes: 3}", "format.val_images=5"});
  CHECK(open_dataset(loaded.options, Split::kTrain)->size() == 12);
  CHECK(open_dataset(loaded.options, Split::kVal)->size() == 5);
  CHECK(open_dataset(loaded.options, Split::kVal)->class_names().size() == 3);
  CHECK_THAT(message_of<ConfigError>([] {
               config::load_overrides<DataOptions>(
                   std::vector<std::string>{"format={name: csv, train_images: 12}"});
             }),
             Catch::Contains("unknown key"));
}

TEST_CASE("what the order of samples depends on is fixed on resume", "[table]") {
  const auto is_fixed = [](const std::string& word) {
    auto before = config::load_overrides<DataOptions>(std::vector<std::string>{"format=shapes"});
    auto after =
        config::load_overrides<DataOptions>(std::vector<std::string>{"format=shapes", word});
    const auto changes =
        config::compare(config::fields_of(before.options), config::fields_of(after.options));
    REQUIRE(changes.size() == 1);
    return changes[0].is_fixed();
  };
  for (const char* word : {"format=cifar", "format.train_images=7", "format.size=9",
                           "format.seed=1", "format.classes=4", "on_error=skip"}) {
    CAPTURE(word);
    CHECK(is_fixed(word));
  }
  for (const char* word : {"format.val_images=7", "root=elsewhere", "cache=none"}) {
    CAPTURE(word);
    CHECK_FALSE(is_fixed(word));
  }
}

TEST_CASE("without a format what to write is said", "[table]") {
  const test::TemporaryFolder folder;
  const auto message = [](const DataOptions& options) {
    return message_of<ConfigError>([&] { open_dataset(options, Split::kTrain); });
  };
  CHECK_THAT(message({}), Catch::Contains("data.format is missing") &&
                              Catch::Contains("format: image_folder, root: photos") &&
                              Catch::Contains("format: shapes"));
  const std::string root = folder.path().string();
  CHECK_THAT(message({.root = root}), Catch::Contains("expected one of image_folder") &&
                                          Catch::Contains(root + ": no data set is there"));
  write(folder.path() / "train/a/1.png", plain_png(4, 4, 9));
  write(folder.path() / "test/a/1.png", plain_png(4, 4, 9));
  CHECK_THAT(message({.root = root}),
             Catch::Contains("looks like image_folder: write `data: {format: image_folder, root: " +
                             root + ", val: test}`"));
  CHECK_THAT(message({.root = root + "/train"}),
             Catch::Contains("format: image_folder, root: " + root +
                             "/train, train: ., split: {val: 0.1}}"));
  CHECK_THAT(message_of<ConfigError>([] { require_format({}, "my.yaml"); }),
             Catch::StartsWith("my.yaml: data.format is missing"));
}

TEST_CASE("the cache follows the options", "[table]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train/a/1.png", "val/a/1.png"})
    write(folder.path() / name, plain_png(64, 64, 9));
  DataOptions options{.format = formats().pick("image_folder"), .root = folder.path().string()};
  std::vector<std::byte> scratch;
  const auto is_kept = [&] {
    const auto dataset = open_dataset(options, Split::kTrain);
    dataset->get(0, scratch);
    return dataset->get(0, scratch).is_decoded();
  };
  CHECK(is_kept());
  options.cache = Cache::kNone;
  CHECK_FALSE(is_kept());
  options.cache = Cache::kAuto;
  options.cache_limit_gib = 1e-6;
  CHECK_FALSE(is_kept());
  options.cache = Cache::kMemory;
  CHECK(is_kept());
  const auto plain = formats().build(options.format, options, Split::kTrain);
  CHECK(cache_bytes(options, *plain) == 64 * 64 * 3);
}

TEST_CASE("val takes its labels from train", "[table]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train/a/1.png", "train/b/1.png", "test/b/1.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  write(folder.path() / "train.csv", "path,label\nx,a\ny,b\n");
  write(folder.path() / "val.csv", "path,label\nx,b\n");
  DataOptions options{
      .format = formats().pick("image_folder"), .root = folder.path().string(), .val = "test"};
  CHECK(open_dataset(options, Split::kVal)->label(0) == 1);
  DataOptions manifest{
      .format = formats().pick("csv"), .root = folder.path().string(), .cache = Cache::kNone};
  CHECK(open_dataset(manifest, Split::kVal)->label(0) == 1);
}

TEST_CASE("without training data the classes are those of val", "[table]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "val/b/1.png", plain_png(4, 4, 9));
  const DataOptions options{.format = formats().pick("image_folder"),
                            .root = folder.path().string()};
  CHECK(open_dataset(options, Split::kVal)->class_names() == std::vector<std::string>{"b"});
  CHECK_THROWS_AS(open_dataset(options, Split::kTrain), DataError);
}

TEST_CASE("what cannot be opened is explained", "[table]") {
  const auto message = [](const DataOptions& options) {
    return message_of<Error>([&] { open_dataset(options, Split::kVal); });
  };
  CHECK_THAT(message({.format = formats().pick("image_folder")}),
             Catch::Contains("data.root is not set"));
  CHECK_THAT(message({.format = formats().pick("cifar"), .root = "x", .val = "dev"}),
             Catch::Contains("data.val") && Catch::Contains("\"dev\""));
  CHECK_THAT(message({.format = formats().pick("csv"), .root = "/nowhere"}),
             Catch::Contains("/nowhere/train"));
}

}  // namespace
}  // namespace stoker::data
