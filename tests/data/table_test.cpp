#include "stoker/data/table.h"

#include "data/files.h"
#include "stoker/core/error.h"
#include "support/catch.h"
#include "support/temporary.h"

namespace stoker::data {
namespace {

using test::message_of;
using test::plain_png;
using test::write;

TEST_CASE("every format of the options is a row of the table", "[table]") {
  DataOptions options;
  config::Fields fields;
  describe(options, fields);
  const config::Field& format = fields.list().front();
  REQUIRE(format.name == "format");
  REQUIRE(format.allowed.size() == formats().size());
  for (const std::string_view name : format.allowed) CHECK(find_format(name).name == name);
}

TEST_CASE("the defaults open shapes", "[table]") {
  const auto train = open_dataset({}, Split::kTrain);
  const auto val = open_dataset({}, Split::kVal);
  CHECK(train->size() == 8000);
  CHECK(val->size() == 2000);
}

TEST_CASE("the cache follows the options", "[table]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train/a/1.png", "val/a/1.png"})
    write(folder.path() / name, plain_png(64, 64, 9));
  DataOptions options{.format = "image_folder", .root = folder.path().string()};
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
  const Format& format = find_format("image_folder");
  const auto plain = format.open(options, Split::kTrain);
  CHECK(cache_bytes(format, options, *plain) == 64 * 64 * 3);
}

TEST_CASE("val takes its labels from train", "[table]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train/a/1.png", "train/b/1.png", "test/b/1.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  write(folder.path() / "train.csv", "path,label\nx,a\ny,b\n");
  write(folder.path() / "val.csv", "path,label\nx,b\n");
  DataOptions options{.format = "image_folder", .root = folder.path().string(), .val = "test"};
  CHECK(open_dataset(options, Split::kVal)->label(0) == 1);
  DataOptions manifest{.format = "csv", .root = folder.path().string(), .cache = Cache::kNone};
  CHECK(open_dataset(manifest, Split::kVal)->label(0) == 1);
}

TEST_CASE("without training data the classes are those of val", "[table]") {
  const test::TemporaryFolder folder;
  write(folder.path() / "val/b/1.png", plain_png(4, 4, 9));
  const DataOptions options{.format = "image_folder", .root = folder.path().string()};
  CHECK(open_dataset(options, Split::kVal)->class_names() == std::vector<std::string>{"b"});
  CHECK_THROWS_AS(open_dataset(options, Split::kTrain), DataError);
}

TEST_CASE("what cannot be opened is explained", "[table]") {
  const auto message = [](const DataOptions& options) {
    return message_of<Error>([&] { open_dataset(options, Split::kVal); });
  };
  CHECK_THAT(message({.format = "image_folder"}), Catch::Contains("data.root is not set"));
  CHECK_THAT(message({.format = "nonsense"}), Catch::Contains("no such format"));
  CHECK_THAT(message({.format = "cifar", .root = "x", .val = "dev"}),
             Catch::Contains("data.val") && Catch::Contains("\"dev\""));
  CHECK_THAT(message({.format = "csv", .root = "/nowhere"}), Catch::Contains("/nowhere/train"));
}

}  // namespace
}  // namespace stoker::data
