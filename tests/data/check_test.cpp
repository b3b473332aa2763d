#include "stoker/data/check.h"

#include <algorithm>

#include "data/files.h"
#include "data/named_dataset.h"
#include "stoker/core/error.h"
#include "stoker/core/log.h"
#include "stoker/data/image_folder.h"
#include "stoker/data/table.h"
#include "support/catch.h"

namespace stoker::data {
namespace {

using test::message_of;
using test::NamedDataset;
using test::plain_png;
using test::write;
using Samples = std::vector<NamedDataset::Sample>;

// What check_sets() says in the log.
std::string said(const Dataset& train, const Dataset& val) {
  const test::TemporaryFolder folder;
  add_log_file(folder.path() / "log.txt");
  check_sets(train, val);
  remove_log_file();
  return read_file(folder.path() / "log.txt");
}

const NamedDataset kVal({{"v0", 0}, {"v1", 1}}, 2);

TEST_CASE("check: sets with nothing odd are passed without a word", "[check]") {
  CHECK(said(NamedDataset({{"a", 0}, {"b", 1}}, 2), kVal).empty());
}

TEST_CASE("check: classes without images are named, with what to write", "[check]") {
  const NamedDataset one_based({{"a", 1}, {"b", 2}}, 3);
  CHECK_THAT(said(one_based, NamedDataset({{"c", 1}, {"d", 2}}, 3)),
             Catch::Contains("data.train: 1 of its 3 classes have no image") &&
                 Catch::Contains(": 0. ") && Catch::Contains("count from 1") &&
                 Catch::Contains("from 0 on"));
  const NamedDataset sparse({{"a", 0}, {"b", 500}}, 501);
  CHECK_THAT(said(sparse, NamedDataset({{"c", 0}, {"d", 500}}, 501)),
             Catch::Contains("499 of its 501 classes have no image") &&
                 Catch::Contains("1, 2, 3, 4, 5, 6, 7, 8 and 491 more") &&
                 Catch::Contains("without gaps"));
  CHECK_THAT(said(NamedDataset({{"a", 0}, {"b", 1}}, {"cat", "dog", "emu"}),
                  NamedDataset({{"c", 0}, {"d", 1}}, {"cat", "dog", "emu"})),
             Catch::Contains("emu. If that is not meant, add images"));
}

TEST_CASE("check: one class is refused", "[check]") {
  for (const auto& train : {NamedDataset({{"a", 0}, {"b", 0}}, {"cat"}),
                            NamedDataset({{"a", 0}, {"b", 0}}, {"cat", "dog"})})
    CHECK_THAT(message_of<DataError>([&] { check_sets(train, train); }),
               Catch::Contains("all 2 images are of one class, \"cat\"") &&
                   Catch::Contains("expected two classes or more"));
}

TEST_CASE("check: names that differ by space or case are said", "[check]") {
  const NamedDataset train({{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}}, {"cat", "Cat", "dog", "dog "});
  const NamedDataset val({{"e", 0}, {"f", 1}, {"g", 2}, {"h", 3}}, {"cat", "Cat", "dog", "dog "});
  CHECK_THAT(said(train, val), Catch::Contains("\"cat\" and \"Cat\", \"dog\" and \"dog \""));
}

TEST_CASE("check: validation on training images is said", "[check]") {
  const NamedDataset train({{"a", 0}, {"b", 1}, {"c", 1}}, 2);
  CHECK_THAT(said(train, train), Catch::Contains("3 of its 3 images are training images too") &&
                                     Catch::Contains("data.split: {val: 0.1}"));
  CHECK_THAT(said(train, NamedDataset({{"x", 0}, {"b", 1}}, 2)),
             Catch::Contains("data.val: 1 of its 2 images") && Catch::Contains("such as b"));
}

TEST_CASE("check: validation that leads to training images by a link is said", "[check]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train/a/1.png", "train/b/1.png", "train/b/2.png", "val/b/1.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  std::filesystem::create_directory_symlink("train", folder.path() / "vlink");
  std::filesystem::create_directory_symlink("../train/a", folder.path() / "val/a");
  write(folder.path() / "train.csv", "path,label\ntrain/a/1.png,a\ntrain/b/1.png,b\n");
  write(folder.path() / "val.csv", "path,label\nvlink/a/1.png,a\nval/b/1.png,b\n");
  const auto said_of = [&](const char* format, const char* val) {
    const DataOptions options{
        .format = formats().pick(format), .root = folder.path().string(), .val = val};
    return said(*open_dataset(options, Split::kTrain), *open_dataset(options, Split::kVal));
  };
  CHECK_THAT(said_of("image_folder", "vlink"),
             Catch::Contains("3 of its 3 images are training images too"));
  CHECK_THAT(said_of("image_folder", "val"),
             Catch::Contains("1 of its 2 images are training images too"));
  CHECK_THAT(said_of("csv", "val"), Catch::Contains("1 of its 2 images are training images too"));
}

TEST_CASE("check: an image with two labels, and classes that val lacks, are said", "[check]") {
  const std::string text =
      said(NamedDataset({{"a", 0}, {"b", 1}, {"a", 1}, {"b", 1}}, 2), NamedDataset({{"x", 1}}, 2));
  CHECK_THAT(text, Catch::Contains("1 images are listed again with another label, such as a"));
  CHECK_THAT(text, Catch::Contains("data.val has images of 1 of the 2 classes") &&
                       Catch::Contains("nothing measures 0"));
}

TEST_CASE("check: notes of both sets are said once", "[check]") {
  NamedDataset train({{"a", 0}, {"b", 1}}, 2), val({{"c", 0}, {"d", 1}}, 2);
  train.its_notes = {"left out"};
  val.its_notes = {"left out", "left out of val"};
  const std::string text = said(train, val);
  CHECK(std::ranges::count(text, '\n') == 2);
  CHECK_THAT(text, Catch::Contains("warning: left out\n") &&
                       Catch::Contains("warning: left out of val\n"));
}

TEST_CASE("check: an absent and an empty class folder are alike in validation", "[check]") {
  for (const bool is_there : {false, true}) {
    const test::TemporaryFolder folder;
    for (const char* name : {"train/a/1.png", "train/b/1.png", "val/b/1.png"})
      write(folder.path() / name, plain_png(4, 4, 9));
    if (is_there) std::filesystem::create_directories(folder.path() / "val/a");
    const DataOptions options{.format = formats().pick("image_folder"),
                              .root = folder.path().string()};
    const auto train = open_dataset(options, Split::kTrain),
               val = open_dataset(options, Split::kVal);
    CHECK(val->size() == 1);
    CHECK_THAT(said(*train, *val), Catch::Contains("images of 1 of the 2 classes"));
  }
}

TEST_CASE("check: an empty class folder that training lacks is passed over in validation alone",
          "[check]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  std::filesystem::create_directories(folder.path() / "val/zz/deeper");
  const DataOptions options{.format = formats().pick("image_folder"),
                            .root = folder.path().string()};
  CHECK(open_dataset(options, Split::kVal)->size() == 2);
  write(folder.path() / "val/zz/deeper/1.png", plain_png(4, 4, 9));
  CHECK_THAT(message_of<DataError>([&] { open_dataset(options, Split::kVal); }),
             Catch::Contains("the class \"zz\" is not one of the 2 classes trained on"));
  std::filesystem::create_directories(folder.path() / "train/yy");
  CHECK_THAT(message_of<DataError>([&] { open_dataset(options, Split::kTrain); }),
             Catch::Contains("yy: this class folder holds no images"));
}

TEST_CASE("check: what a folder holds and nobody reads is said", "[check]") {
  const test::TemporaryFolder folder;
  for (const char* name : {"a/1.png", "b/1.png", "b/2.HEIC", "b/3.avif", "loose.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  const auto dataset = open_image_folder(folder.path());
  CHECK(dataset->size() == 2);
  const auto notes = dataset->notes();
  REQUIRE(notes.size() == 2);
  CHECK_THAT(notes[0], Catch::Contains("2 files are images by their names, but in formats") &&
                           Catch::Contains("b/2.HEIC"));
  CHECK_THAT(notes[1], Catch::Contains("1 images lie beside the class folders"));
  std::filesystem::remove(folder.path() / "b/1.png");
  CHECK_THAT(message_of<DataError>([&] { open_image_folder(folder.path()); }),
             Catch::Contains("b: this class folder holds no images: 2 files"));
}

TEST_CASE("check: splits in place of classes, and places that are not there, say what to write",
          "[check]") {
  const test::TemporaryFolder folder;
  const std::string root = folder.path().string();
  for (const char* name : {"set/train/a/1.png", "set/val/a/1.png", "bare/a/1.png", "bare/b/1.png",
                           "half/train/a/1.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  const auto message = [&](const std::string& where, Split split) {
    DataOptions options{.format = formats().pick("image_folder"), .root = root + where};
    return message_of<DataError>([&] { open_dataset(options, split); });
  };
  CHECK_THAT(message_of<DataError>([&] { open_image_folder(root + "/set"); }),
             Catch::Contains("called train, val, which are splits") &&
                 Catch::Contains("data.train: train"));
  for (const char* name : {"cased/Training/a/1.png", "cased/TEST/a/1.png"})
    write(folder.path() / name, plain_png(4, 4, 9));
  CHECK_THAT(message_of<DataError>([&] { open_image_folder(root + "/cased"); }),
             Catch::Contains("called TEST, Training, which are splits") &&
                 Catch::Contains("data.train: Training"));
  CHECK_THAT(message("/bare", Split::kTrain),
             Catch::Contains("write `data: {format: image_folder, root: " + root +
                             "/bare, train: ., split: {val: 0.1}}`"));
  CHECK_THAT(message("/half", Split::kVal),
             Catch::Contains("half/val: not there") && Catch::Contains("`data.split: {val: 0.1}`"));
}

}  // namespace
}  // namespace stoker::data
