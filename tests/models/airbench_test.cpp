#include "stoker/models/airbench.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "models/golden.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

AirbenchOptions options_of(const nlohmann::json& row) {
  const auto names = enum_names(nn::Activation{});
  const auto found = std::find(names.begin(), names.end(), row.at("activation").get<std::string>());
  return {.widths = row.at("widths").get<std::vector<int64_t>>(),
          .convolutions = row.at("convolutions"),
          .activation = static_cast<nn::Activation>(found - names.begin()),
          .scaling_factor = row.at("scaling"),
          .batchnorm_momentum = row.at("momentum"),
          .whiten = row.at("whiten")};
}

// Channels and neighbours correlate, as the generator's images do.
at::Tensor correlated_images() {
  const at::Tensor images = test::formula("whitening", {7, 3, 9, 8});
  images.select(1, 1).add_(images.select(1, 0), 0.7);
  images.narrow(3, 1, 7).add_(images.narrow(3, 0, 7).clone(), 0.5);
  images.narrow(2, 1, 8).sub_(images.narrow(2, 0, 8).clone(), 0.3);
  return images;
}

TEST_CASE("airbench agrees with the same network in PyTorch", "[models]") {
  for (const auto& row : test::golden_rows("airbench")) {
    if (!row.contains("widths")) continue;
    INFO(row.at("widths").dump());
    test::check_against_golden(*build_airbench(options_of(row), test::context_of(row)), row);
  }
}

TEST_CASE("whitening filters are the scaled eigenvectors, then their negatives", "[models]") {
  const at::Tensor filters = whitening_filters(correlated_images().to(at::kFloat));
  REQUIRE(filters.sizes() == at::IntArrayRef({24, 3, 2, 2}));
  CHECK(filters.scalar_type() == at::kFloat);
  const at::Tensor first = filters.narrow(0, 0, 12).reshape({12, 12});
  CHECK(filters.narrow(0, 12, 12).reshape({12, 12}).equal(-first));

  const auto golden = test::golden_rows("airbench").back().at("whitening");
  for (int64_t i = 0; i < 12; ++i) {
    const double sign = first[i][0].item<double>() > 0 ? 1 : -1;  // an eigenvector has none
    for (int64_t j = 0; j < 12; ++j)
      // The images were rounded to float32; the filters' entries are around 1.
      CHECK(sign * first[i][j].item<double>() ==
            Approx(golden.at(static_cast<size_t>(i * 12 + j)).get<double>()).margin(1e-5));
  }
}

TEST_CASE("initialize makes the first convolution's outputs uncorrelated", "[models]") {
  const auto model = build_airbench({}, {.classes = 10, .height = 32, .width = 32});
  CHECK(model->initialization_images() == 5000);
  const at::Tensor images = at::randn({300, 3, 6, 5}).cumsum(3);  // more than one chunk
  model->initialize(images);
  const at::Tensor weight = model->named_parameters()["whiten.weight"];
  CHECK_FALSE(weight.requires_grad());
  CHECK(model->named_parameters()["whiten.bias"].requires_grad());
  const at::Tensor outputs = at::conv2d(images, weight.narrow(0, 0, 12)).transpose(0, 1).flatten(1);
  const at::Tensor moment = at::matmul(outputs, outputs.t()) / outputs.size(1);
  // eps of 5e-4 leaves eigenvalue / (eigenvalue + eps) on the diagonal.
  CHECK((moment - at::eye(12)).abs().max().item<double>() < 0.01);
}

TEST_CASE("without whitening the first convolution learns", "[models]") {
  const auto model = build_airbench({.whiten = false}, {.classes = 3, .height = 25, .width = 30});
  const at::Tensor weight = model->named_parameters()["whiten.weight"];
  CHECK(weight.requires_grad());
  CHECK(model->initialization_images() == 0);
  const at::Tensor before = weight.detach().clone();
  model->initialize(at::randn({3, 3, 4, 4}));
  CHECK(weight.equal(before));
}

TEST_CASE("each group's convolutions begin by passing their input on", "[models]") {
  const auto model =
      build_airbench({.widths = {30, 20}}, {.classes = 3, .height = 13, .width = 14});
  const auto parameters = model->named_parameters();
  for (const auto& [name, same] : {std::pair{"groups.0.conv1.weight", 24},
                                   {"groups.0.conv2.weight", 30},
                                   {"groups.1.conv1.weight", 20}}) {
    INFO(name);
    const at::Tensor weight = parameters[name].detach();
    const at::Tensor center = weight.narrow(0, 0, same).select(3, 1).select(2, 1);
    CHECK(center.equal(at::eye(same, weight.size(1))));
    CHECK(weight.narrow(0, 0, same).abs().sum().item<double>() == same);
  }
  const at::Tensor wider = parameters["groups.0.conv1.weight"].detach();
  CHECK(wider.narrow(0, 24, 6).abs().sum().item<double>() > 1);
  CHECK_FALSE(parameters.contains("groups.0.norm1.weight"));
}

TEST_CASE("airbench refuses what it cannot pool", "[models]") {
  const ModelContext context{.classes = 10, .height = 25, .width = 25};
  CHECK_NOTHROW(build_airbench({}, context));
  using Catch::Contains;
  CHECK_THROWS_WITH(build_airbench({}, {.classes = 10, .height = 40, .width = 24}),
                    Contains("at least 25 x 25") && Contains("got 40 x 24"));
  CHECK_THROWS_AS(build_airbench({.widths = {}}, context), ConfigError);
  CHECK_THROWS_AS(build_airbench({.widths = {64, 0}}, context), ConfigError);
  CHECK_THROWS_AS(build_airbench({.widths = std::vector<int64_t>(70, 4)}, context), ConfigError);
  CHECK_THROWS_AS(build_airbench({}, {.classes = 0, .height = 32, .width = 32}), ConfigError);
}

}  // namespace
}  // namespace stoker::models
