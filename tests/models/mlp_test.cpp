#include "stoker/models/mlp.h"

#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "models/golden.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

TEST_CASE("mlp agrees with the same network in PyTorch", "[models]") {
  const auto names = enum_names(nn::Activation{});
  for (const auto& row : test::golden_rows("mlp")) {
    INFO(row.at("hidden").dump() << row.at("activation"));
    const auto found =
        std::find(names.begin(), names.end(), row.at("activation").get<std::string>());
    const MlpOptions options{.hidden = row.at("hidden").get<std::vector<int64_t>>(),
                             .activation = static_cast<nn::Activation>(found - names.begin()),
                             .batch_norm = row.at("batch_norm")};
    test::check_against_golden(*build_mlp(options, test::context_of(row)), row);
  }
}

TEST_CASE("mlp sees the same image in any memory format", "[models]") {
  const auto model = build_mlp({.hidden = {9}}, {.classes = 4, .height = 5, .width = 7});
  const at::Tensor images = at::randn({2, 3, 5, 7});
  CHECK(model->forward(images).equal(
      model->forward(images.contiguous(at::MemoryFormat::ChannelsLast))));
}

TEST_CASE("mlp drops hidden features in training only", "[models]") {
  const auto model =
      build_mlp({.hidden = {50}, .dropout = 0.5}, {.classes = 4, .height = 5, .width = 7});
  const at::Tensor images = at::randn({2, 3, 5, 7});
  const c10::NoGradGuard no_grad;
  CHECK_FALSE(model->forward(images).equal(model->forward(images)));
  model->eval();
  CHECK(model->forward(images).equal(model->forward(images)));
}

TEST_CASE("mlp refuses widths below one and data without classes", "[models]") {
  CHECK_THROWS_AS(build_mlp({.hidden = {8, -1}}, {.classes = 2, .height = 4, .width = 4}),
                  ConfigError);
  CHECK_THROWS_AS(build_mlp({}, {.classes = -3, .height = 4, .width = 4}), ConfigError);
  CHECK_THROWS_AS(build_mlp({}, {.classes = 2, .height = 0, .width = 4}), ConfigError);
}

}  // namespace
}  // namespace stoker::models
