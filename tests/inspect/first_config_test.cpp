#include "stoker/inspect/first_config.h"

#include "data/files.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::inspect {
namespace {

using Catch::Contains;
using test::message_of;
using test::plain_png;
using test::write;

TEST_CASE("first config: it says the format, the splits, the size and the model that fit") {
  const test::TemporaryFolder folder;
  const std::string root = folder.path().string();
  for (int i = 0; i < 12; ++i) {
    const char* cls = i % 2 ? "cat" : "dog";
    write(folder.path() / fmt::format("bare/{}/{}.png", cls, i), plain_png(150 + i, 140, 9));
    write(folder.path() / fmt::format("small/train/{}/{}.png", cls, i), plain_png(28, 28, 9, 1));
    write(folder.path() / fmt::format("small/test/{}/{}.png", cls, i), plain_png(28, 28, 9, 1));
  }
  const std::string bare = first_config(root + "/bare");
  CHECK_THAT(bare, Contains("format: image_folder\n  root: \"" + root +
                            "/bare\"\n  train: \".\"\n"
                            "  split: {val: 0.1}"));
  CHECK_THAT(bare, Contains("random_resized_crop: {size: 128") && Contains("model: resnet18") &&
                       Contains("epochs: 60, batch_size: 16"));
  const std::string small = first_config(root + "/small");
  CHECK_THAT(small, Contains("train: \"train\"\n  val: \"test\"\n"));
  CHECK_THAT(small, Contains("pad_crop: {size: 28, pad: 2") && Contains("model: {name: airbench"));
  std::filesystem::create_directory(folder.path() / "empty");
  CHECK_THROWS_AS(first_config(root + "/empty"), DataError);
}

TEST_CASE("first config: folders of splits are known in any case and by every name of theirs") {
  struct Case {
    const char *train, *val;
  };
  for (const auto& [train, val] : {Case{"Train", "Val"}, Case{"TRAIN", "Validation"},
                                   Case{"training", "testing"}, Case{"train", "Test"}}) {
    CAPTURE(train);
    const test::TemporaryFolder folder;
    for (const char* split : {train, val})
      for (const char* cls : {"a", "b"})
        write(folder.path() / split / cls / "1.png", plain_png(20, 20, 9));
    CHECK_THAT(first_config(folder.path()),
               Contains(fmt::format("train: \"{}\"\n  val: \"{}\"\n", train, val)));
  }
}

TEST_CASE("first config: what training refuses is refused, and manifests beside are named") {
  const test::TemporaryFolder folder;
  const std::string root = folder.path().string();
  write(folder.path() / "tx/1.png", plain_png(20, 20, 9));
  CHECK_THAT(message_of<DataError>([&] { first_config(root); }),
             Contains("all 1 images are of one class, \"tx\"") && !Contains("config init"));
  write(folder.path() / "Train.CSV", "path,label\ntx/1.png,a\ntx/1.png,b\n");
  write(folder.path() / "val.csv", "path,label\ntx/1.png,a\n");
  CHECK_THAT(message_of<DataError>([&] { first_config(root); }),
             Contains("one class, \"tx\"") && Contains("holds Train.CSV, val.csv too") &&
                 Contains("`stoker config init " + root + "/Train.CSV`"));
  CHECK_THAT(first_config(root + "/Train.CSV"), Contains("format: csv") && Contains("2 classes"));
  CHECK_THAT(message_of<DataError>([&] { first_config(root + "/val.csv"); }),
             Contains("one class, \"a\"") && !Contains("Train.CSV"));
}

TEST_CASE("first config: of several labels an image it is for that task") {
  const test::TemporaryFolder folder;
  for (const char* name : {"1.png", "2.png"})
    write(folder.path() / "images" / name, plain_png(20, 20, 9));
  write(folder.path() / "train.csv", "path,labels\nimages/1.png,cat|dog\nimages/2.png,\n");
  write(folder.path() / "val.csv", "path,labels\nimages/1.png,dog\n");
  const std::string found = first_config(folder.path());
  CHECK_THAT(found, Contains("task: multilabel\n") && Contains("2 images of 2 classes") &&
                        Contains("train: \"train.csv\"\n  val: \"val.csv\"\n"));
  CHECK_THAT(found, Contains("loss: bce") && !Contains("label_smoothing"));
  CHECK_THAT(first_config(folder.path() / "train.csv"),
             Contains("task: multilabel\n") && Contains("split: {val: 0.1}"));
}

TEST_CASE("first config: a name that no config can hold is refused") {
  const test::TemporaryFolder folder;
  for (const char* cls : {"a", "b"})
    write(folder.path() / "nu\xE9" / cls / "1.png", plain_png(20, 20, 9));
  CHECK_THAT(message_of<DataError>([&] { first_config(folder.path() / "nu\xE9"); }),
             Contains("nu\\xe9: the name is not UTF-8") && Contains("rename it"));
  for (const char* name : {"caf\u00e9 \"x\"", "line\nfeed"}) {
    for (const char* cls : {"a", "b"})
      write(folder.path() / name / cls / "1.png", plain_png(20, 20, 9));
    CHECK_THAT(first_config(folder.path() / name), Contains("format: image_folder"));
  }
}

}  // namespace
}  // namespace stoker::inspect
