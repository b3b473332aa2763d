#include "stoker/models/resnet.h"

#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "models/golden.h"
#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::models {
namespace {

std::shared_ptr<Model> build(const std::string& name, const ModelContext& context,
                             const ResnetOptions& change = {}) {
  config::Choice choice = models().pick(name);
  auto& options = choice.as<ResnetOptions>();
  options.stem = change.stem;
  options.dropout = change.dropout;
  options.activation = change.activation;
  options.blur_pool = change.blur_pool;
  options.zero_init_residual = change.zero_init_residual;
  return models().build(choice, context);
}

at::Tensor parameter(const Model& model, const std::string& name) {
  return model.named_parameters()[name].detach();
}

TEST_CASE("residual networks agree with torchvision's", "[models]") {
  for (const auto& row : test::golden_rows("resnet")) {
    const std::string name = row.at("name"), stem = row.at("stem");
    INFO(name << ", stem " << stem);
    const bool blurred = row.value("blurred", false);
    const auto model = build(name, test::context_of(row),
                             {.stem = stem == "cifar" ? Stem::kCifar : Stem::kImagenet,
                              .activation = blurred ? nn::Activation::kSilu : nn::Activation::kRelu,
                              .blur_pool = blurred});
    test::check_against_golden(*model, row);
  }
}

TEST_CASE("what cannot be blurred is refused", "[models]") {
  const ModelContext tiny{.classes = 2, .height = 16, .width = 40};
  CHECK_THROWS_WITH(build("resnet18", tiny, {.stem = Stem::kImagenet, .blur_pool = true}),
                    Catch::Contains("at least 17 x 17"));
  CHECK_THROWS_WITH(
      build("res2net50_26w_4s", {.classes = 2, .height = 64, .width = 64}, {.blur_pool = true}),
      Catch::Contains("model.blur_pool"));
  const auto model = build("resnet18", {.classes = 2, .height = 5, .width = 17},
                           {.stem = Stem::kCifar, .blur_pool = true});
  model->eval();
  CHECK(model->forward(at::zeros({1, 3, 5, 17})).size(1) == 2);
}

TEST_CASE("residual networks give logits in float32 and bfloat16", "[models]") {
  const auto model = build("resnet18", {.classes = 7, .height = 40, .width = 33});
  test::fill_by_formula(*model);
  model->eval();
  const c10::NoGradGuard no_grad;
  const at::Tensor images = test::formula("images", {2, 3, 40, 33}).to(at::kFloat);
  const at::Tensor reference = [&] {
    model->to(at::kDouble);
    const at::Tensor logits = model->forward(images.to(at::kDouble));
    model->to(at::kFloat);
    return logits;
  }();
  REQUIRE(reference.sizes() == at::IntArrayRef({2, 7}));
  const double scale = reference.abs().max().item<double>();
  const auto error = [&](const at::Tensor& logits) {
    return (logits.to(at::kDouble) - reference).abs().max().item<double>() / scale;
  };
  // 18 layers of rounding: 2^-24 and 2^-9 a layer, which partly cancel.
  CHECK(error(model->forward(images)) < 1e-5);
  CHECK(error(model->forward(images.contiguous(at::MemoryFormat::ChannelsLast))) < 1e-5);
  model->to(at::kBFloat16);
  CHECK(error(model->forward(images.to(at::kBFloat16))) < 0.05);
}

TEST_CASE("the stem is chosen by the size of the images unless named", "[models]") {
  const auto kernel = [](int64_t height, int64_t width, Stem stem) {
    const auto model =
        build("resnet18", {.classes = 2, .height = height, .width = width}, {.stem = stem});
    return parameter(*model, "conv1.weight").size(2);
  };
  CHECK(kernel(32, 32, Stem::kAuto) == 3);
  CHECK(kernel(32, 33, Stem::kAuto) == 7);
  CHECK(kernel(33, 2, Stem::kAuto) == 7);
  CHECK(kernel(32, 32, Stem::kImagenet) == 7);
  CHECK(kernel(224, 224, Stem::kCifar) == 3);
}

TEST_CASE("residual networks start from torchvision's distributions", "[models]") {
  const auto model = build("resnet50", {.classes = 1000, .height = 224, .width = 224});
  const at::Tensor conv = parameter(*model, "layer3.0.conv2.weight");
  const double expected = std::sqrt(2.0 / (256 * 9));  // fan_out: 256 filters of 3x3
  // 589,824 draws: the standard error of a deviation is 0.1 % of it.
  CHECK(conv.std().item<double>() == Approx(expected).epsilon(0.01));
  CHECK(std::abs(conv.mean().item<double>()) < 0.01 * expected);
  CHECK(parameter(*model, "layer3.0.bn3.weight").eq(1).all().item<bool>());
  CHECK(parameter(*model, "layer3.0.bn3.bias").eq(0).all().item<bool>());
  CHECK(parameter(*model, "fc.weight").abs().max().item<double>() <= 1 / std::sqrt(2048.0));
  CHECK(parameter(*model, "fc.weight").std().item<double>() ==
        Approx(1 / std::sqrt(3 * 2048.0)).epsilon(0.01));
}

TEST_CASE("zero_init_residual silences the last norm of each block only", "[models]") {
  for (const auto& [name, last] : {std::pair{"resnet18", "bn2"}, std::pair{"resnet50", "bn3"}}) {
    const auto model =
        build(name, {.classes = 2, .height = 8, .width = 8}, {.zero_init_residual = true});
    for (const auto& item : model->named_parameters()) {
      const std::string& key = item.key();
      if (item.value().dim() != 1 || key.find(".weight") == std::string::npos) continue;
      const bool silent = key.find("layer") == 0 && key.find(last) != std::string::npos;
      INFO(key);
      CHECK(item.value().eq(silent ? 0 : 1).all().item<bool>());
    }
  }
}

TEST_CASE("dropout before the classifier acts in training only", "[models]") {
  const ModelContext context{.classes = 4, .height = 16, .width = 12};
  const auto model = build("resnet18", context, {.dropout = 0.5});
  const at::Tensor images = at::randn({2, 3, 16, 12});
  const c10::NoGradGuard no_grad;
  model->train();
  CHECK_FALSE(model->forward(images).equal(model->forward(images)));
  model->eval();
  CHECK(model->forward(images).equal(model->forward(images)));
}

TEST_CASE("a model that cannot be built says what is needed", "[models]") {
  const auto message = [](const ModelContext& context) -> std::string {
    try {
      build("resnet18", context);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  using Catch::Contains;
  CHECK_THAT(message({.classes = 0, .height = 32, .width = 32}), Contains("at least 1 class"));
  CHECK_THAT(message({.classes = 3, .channels = 0, .height = 32, .width = 32}),
             Contains("channel, got 0"));
  CHECK_THAT(message({.classes = 3, .height = 32}), Contains("1 x 1") && Contains("32 x 0"));
  CHECK(message({.classes = 1, .channels = 1, .height = 1, .width = 1}).empty());
}

}  // namespace
}  // namespace stoker::models
