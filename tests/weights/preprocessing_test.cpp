#include "stoker/weights/preprocessing.h"

#include <fstream>

#include "support/catch.h"
#include "support/temporary.h"

using namespace stoker;
using namespace stoker::weights;

namespace {

class Beside {
 public:
  Beside(const std::string& file, const std::string& text) {
    std::ofstream(folder_.path() / file) << text;
    found = preprocessing_beside(folder_.path() / "model.safetensors");
  }
  std::optional<Preprocessing> found;

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("timm's files say how images are made into inputs") {
  const Beside timm("config.json",
                    R"({"architecture": "vit_small_patch16_224", "pretrained_cfg": {
    "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9,
    "mean": [0.5, 0.25, 0.5], "std": [0.5, 0.5, 0.75]}})");
  REQUIRE(timm.found);
  CHECK(to_text(*timm.found) ==
        "224 px, bicubic, crop 0.9, mean [0.5, 0.25, 0.5], std [0.5, 0.5, 0.75] (config.json)");
}

TEST_CASE("so do those of transformers") {
  const Beside both("preprocessor_config.json",
                    R"({"image_mean": [0.5], "image_std": [0.25], "size": {"height": 384}})");
  REQUIRE(both.found);
  CHECK(to_text(*both.found) == "384 px, mean [0.5], std [0.25] (preprocessor_config.json)");
}

TEST_CASE("files that say nothing of it are passed over") {
  for (const char* text : {"", "no JSON", "[]", "{}", R"({"pretrained_cfg": 3})",
                           R"({"pretrained_cfg": {"mean": [0.5], "std": [0]}})",
                           R"({"pretrained_cfg": {"mean": [0.5, 0.5], "std": [0.5]}})",
                           R"({"pretrained_cfg": {"mean": ["x"], "std": [0.5]}})"}) {
    INFO(text);
    CHECK_FALSE(Beside("config.json", text).found);
  }
}
