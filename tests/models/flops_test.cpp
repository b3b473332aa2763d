#include "stoker/models/flops.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <c10/core/GradMode.h>

#include <functional>

#include "support/catch.h"

namespace stoker::models {
namespace {

constexpr ModelContext kImagenet{.classes = 1000, .height = 224, .width = 224};

int64_t flops_of(const char* name, const ModelContext& context) {
  return forward_flops(*models().build(models().pick(name), context), context);
}

class Lambda : public Model {
 public:
  explicit Lambda(std::function<at::Tensor(const at::Tensor&)> body) : body_(std::move(body)) {}
  at::Tensor forward(const at::Tensor& images) override { return body_(images); }
  std::string head() const override { return ""; }

 private:
  std::function<at::Tensor(const at::Tensor&)> body_;
};

TEST_CASE("multiply-adds of known networks", "[models]") {
  // torchvision's table of weights says 1.814, 4.089 and 4.23 GFLOPS, counting a multiply-add once.
  CHECK(flops_of("resnet18", kImagenet) / 2e9 == Approx(1.814).margin(0.0006));
  CHECK(flops_of("resnet50", kImagenet) / 2e9 == Approx(4.089).margin(0.0006));
  CHECK(flops_of("resnext50_32x4d", kImagenet) / 2e9 == Approx(4.23).margin(0.006));
}

TEST_CASE("multiply-adds of a perceptron are exact", "[models]") {
  const ModelContext context{.classes = 10, .channels = 1, .height = 28, .width = 27};
  CHECK(flops_of("mlp", context) == 2 * (28 * 27 * 512 + 512 * 256 + 256 * 10));
}

TEST_CASE("operators that a forward pass calls are counted, not those within them", "[models]") {
  const ModelContext context{.classes = 1, .channels = 2, .height = 3, .width = 5};
  const at::Tensor weight = at::ones({5, 7});
  const auto model = std::make_shared<Lambda>(
      [&](const at::Tensor& x) { return at::matmul(at::matmul(x, weight), weight.t()); });
  CHECK(forward_operators(*model, context) == 3);
}

TEST_CASE("an operator inside another is not counted twice", "[models]") {
  const ModelContext context{.classes = 1, .channels = 2, .height = 3, .width = 5};
  const auto count = [&](std::function<at::Tensor(const at::Tensor&)> body) {
    return forward_flops(*std::make_shared<Lambda>(std::move(body)), context);
  };
  const at::Tensor weight = at::ones({7, 5});
  CHECK(count([&](const at::Tensor& x) { return at::linear(x, weight, at::ones({7})); }) ==
        2 * 2 * 3 * 5 * 7);
  CHECK(count([&](const at::Tensor& x) { return at::matmul(x, weight.t()); }) == 2 * 2 * 3 * 5 * 7);
  CHECK(count([&](const at::Tensor& x) { return at::matmul(x, x.transpose(2, 3)); }) ==
        2 * 2 * 3 * 3 * 5);
  CHECK(count([&](const at::Tensor& x) { return at::bmm(x[0], x[0].transpose(1, 2)); }) ==
        2 * 2 * 3 * 3 * 5);
  // 2 channels in, 4 out, 3x2 kernel at each of the 15 input positions.
  CHECK(count([&](const at::Tensor& x) {
          return at::conv_transpose2d(x, at::ones({2, 4, 3, 2}));
        }) == 2 * 15 * 2 * 4 * 6);
  CHECK(count([](const at::Tensor& x) { return x.relu(); }) == 0);
}

TEST_CASE("a step is three forward passes, less for what does not learn", "[models]") {
  const ModelContext context{.classes = 5, .height = 32, .width = 32};
  for (const char* name : {"resnet18", "airbench", "mlp"}) {
    CAPTURE(name);
    const auto model = models().build(models().pick(name), context);
    for (at::Tensor& parameter : model->parameters()) parameter.requires_grad_(true);
    CHECK(training_flops(*model, context).step == 3 * forward_flops(*model, context));
  }
  // All but the last layer frozen: the pass back ends there.
  const auto mlp = models().build(models().pick("mlp"), context);
  for (auto& item : mlp->named_parameters())
    item.value().requires_grad_(item.key().starts_with(mlp->head()));
  CHECK(training_flops(*mlp, context).step == forward_flops(*mlp, context) + 2 * 2 * 256 * 5);
}

TEST_CASE("counting leaves each module in its mode, and the weights alone", "[models]") {
  const ModelContext context{.classes = 2, .height = 8, .width = 8};
  const auto model = models().build(models().pick("resnet18"), context);
  model->train();
  const auto frozen = model->named_modules()["layer2.0.bn1"];
  frozen->eval();
  forward_flops(*model, context);
  for (const auto& item : model->named_modules()) {
    INFO(item.key());
    CHECK(item.value()->is_training() == (item.key() != "layer2.0.bn1"));
  }
  CHECK(model->named_buffers()["bn1.num_batches_tracked"].item<int64_t>() == 0);
  CHECK(model->named_buffers()["bn1.running_var"].eq(1).all().item<bool>());
}

TEST_CASE("counting that fails leaves the next count right", "[models]") {
  const ModelContext context{.classes = 2, .height = 4, .width = 6};
  const auto broken = std::make_shared<Lambda>([](const at::Tensor& x) {
    return at::linear(x, at::ones({3, 5}));
  });
  CHECK_THROWS(forward_flops(*broken, context));
  const auto whole = std::make_shared<Lambda>([](const at::Tensor& x) {
    return at::linear(x, at::ones({3, 6}));
  });
  CHECK(forward_flops(*whole, context) == 2 * 3 * 4 * 6 * 3);
}

TEST_CASE("only learned values count as parameters", "[models]") {
  const ModelContext context{.classes = 10, .height = 32, .width = 32};
  const auto count = [&](const char* name) {
    return parameter_count(*models().build(models().pick(name), context));
  };
  // torchvision's resnet18 for 1,000 classes has 11,689,512: the head and the stem differ here.
  CHECK(count("resnet18") == 11'689'512 - 513'000 + 5'130 - 64 * 3 * (49 - 9));
  CHECK(count("airbench") == 24 + (24 + 64) * 64 * 9 + (64 + 256) * 256 * 9 + 512 * 256 * 9 +
                                 2 * (64 + 256 + 256) + 2560);
}

}  // namespace
}  // namespace stoker::models
