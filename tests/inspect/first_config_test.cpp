#include "stoker/inspect/first_config.h"

#include "data/files.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::inspect {
namespace {

using Catch::Contains;
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

}  // namespace
}  // namespace stoker::inspect
