#include "stoker/tuning/lr_scaling.h"

#include <cmath>

#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::tuning {
namespace {

TEST_CASE("the rate follows the batch by its rule", "[tuning]") {
  CHECK(BatchScaling{256, 1024, LrRule::kLinear}.lr_factor() == 4);
  CHECK(BatchScaling{256, 1024, LrRule::kSqrt}.lr_factor() == 2);
  CHECK(BatchScaling{256, 1024, LrRule::kNone}.lr_factor() == 1);
  CHECK(BatchScaling{256, 64, LrRule::kLinear}.lr_factor() == 0.25);
  CHECK_THROWS_AS((BatchScaling{0, 64, LrRule::kLinear}.lr_factor()), InternalError);
}

TEST_CASE("decays forget as fast an image", "[tuning]") {
  const BatchScaling scaling{256, 1024, LrRule::kSqrt};
  CHECK(scaling.per_image(0.999) == Approx(std::pow(0.999, 4)));
  CHECK(1 - scaling.per_image(0.999) == Approx(4 * 0.001).epsilon(0.01));  // Malladi's, nearly
  CHECK(BatchScaling{1, 100, LrRule::kSqrt}.per_image(0.9) > 0);
  CHECK(BatchScaling{256, 1024, LrRule::kNone}.per_image(0.999) == 0.999);
}

TEST_CASE("weights shrink as much an image, and the warmup sees as many", "[tuning]") {
  for (const LrRule rule : {LrRule::kLinear, LrRule::kSqrt}) {
    const BatchScaling scaling{256, 1024, rule};
    CHECK(scaling.lr_factor() * scaling.weight_decay_factor() == Approx(scaling.ratio()));
    CHECK(scaling.warmup_steps(5 * 50'000) == 244);
  }
}

TEST_CASE("every factor is said, and nothing where nothing changes", "[tuning]") {
  const RecipeValues values{.lr = 0.1,
                            .ema_decay = 0.999,
                            .beta1 = 0.9,
                            .beta2 = 0.999,
                            .weight_decay = 0.05,
                            .warmup_images = 250'000};
  const auto words = BatchScaling{256, 1024, LrRule::kSqrt}.words(values);
  REQUIRE(words.size() == 6);
  CHECK(words[0] ==
        "learning rate 0.1 becomes 0.2: x 2, the square root of the batch's 4 (1024 over 256)");
  CHECK(words[1] == "warmup stays 250,000 images: 244 steps");
  CHECK_THAT(words[2], Catch::Contains("ema decay 0.999 becomes 0.996006"));
  CHECK_THAT(words[5], Catch::Contains("weight decay 0.05 becomes 0.1: x 2"));
  CHECK(BatchScaling{256, 1024, LrRule::kLinear}.words(values).size() == 5);  // weight decay stays
  CHECK(BatchScaling{256, 256, LrRule::kLinear}.words(values).empty());
  CHECK(BatchScaling{256, 1024, LrRule::kNone}.words(values).empty());
  CHECK(BatchScaling{256, 64, LrRule::kLinear}.words({.lr = 0.1})[0] ==
        "learning rate 0.1 becomes 0.025: x 0.25, as the batch (64 over 256)");
}

}  // namespace
}  // namespace stoker::tuning
