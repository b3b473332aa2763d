#include "stoker/optim/grad_scaler.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include "golden.h"
#include "stoker/core/error.h"
#include "stoker/optim/clip.h"
#include "stoker/optim/sgd.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

constexpr GradScalerOptions kGoldenOptions{
    .initial_scale = 1024, .growth_factor = 3, .backoff_factor = 0.25, .growth_interval = 2};

std::unique_ptr<Optimizer> sgd(const at::Tensor& parameter) {
  return make_sgd({.lr = 0.1, .momentum = 0.9}, {{.parameters = {{"conv.weight", parameter}}}});
}

// The gradient of a step of the golden run: steps 3, 4 and 8 hold a non-finite number.
at::Tensor scaled_gradient(const GradScaler& scaler, int step) {
  at::Tensor gradient = scaler.scale(at::ones({})) * test::value("conv.weight", {4, 3, 2, 5}, step);
  if (step == 3 || step == 8) gradient.view(-1)[step] = INFINITY;
  if (step == 4) gradient.view(-1)[step] = NAN;
  return gradient;
}

TEST_CASE("the scaler is torch.amp.GradScaler, step by step") {
  const auto golden = test::golden("scaler");
  const at::Tensor parameter = test::value("conv.weight", {4, 3, 2, 5}, 0);
  const auto optimizer = sgd(parameter);
  GradScaler scaler(kGoldenOptions, at::kCPU);
  int step = 0;
  int64_t skipped = 0;
  for (const auto& expected : golden["trace"]) {
    INFO("step " << ++step);
    parameter.mutable_grad() = scaled_gradient(scaler, step);
    const bool stepped = scaler.step(*optimizer, {});
    skipped += !stepped;
    scaler.update();
    CHECK(stepped == (step != 3 && step != 4 && step != 8));
    CHECK(scaler.scale_value() == expected["scale"].get<double>());
    CHECK(scaler.state().growth_tracker == expected["growth_tracker"].get<int64_t>());
    CHECK(scaler.skipped_steps() == expected["skipped"].get<int64_t>());
    CHECK(scaler.skipped_steps() == skipped);
    for (int i = 0; i < 3; ++i) {
      CHECK(parameter.grad().view(-1)[i].item<float>() == expected["gradient"][i].get<float>());
    }
    CHECK(parameter.sum().item<float>() == Approx(expected["sum"].get<double>()).epsilon(1e-5));
  }
  CHECK(test::worst_difference(parameter, golden["parameter"]) < 1e-6);
}

TEST_CASE("a loaded scaler goes on as the saved one would") {
  const at::Tensor a = test::value("conv.weight", {4, 3, 2, 5}, 0), b = a.clone();
  const auto first = sgd(a), second = sgd(b);
  GradScaler original(kGoldenOptions, at::kCPU), resumed(kGoldenOptions, at::kCPU);
  for (int step = 1; step <= 10; ++step) {
    if (step == 6) {
      resumed.load_state(original.state());
      second->load_state(first->state());
      b.copy_(a);
    }
    a.mutable_grad() = scaled_gradient(original, step);
    original.step(*first, {});
    original.update();
    if (step < 6) continue;
    b.mutable_grad() = scaled_gradient(resumed, step);
    resumed.step(*second, {});
    resumed.update();
    CHECK(a.equal(b));
    CHECK(original.scale_value() == resumed.scale_value());
    CHECK(original.skipped_steps() == resumed.skipped_steps());
  }
  CHECK(resumed.skipped_steps() == 3);
}

TEST_CASE("unscale before clipping, and only once") {
  const at::Tensor parameter = at::ones({4});
  const auto optimizer = sgd(parameter);
  GradScaler scaler({.initial_scale = 8}, at::kCPU);
  parameter.mutable_grad() = at::full({4}, 16.0);
  scaler.unscale(*optimizer);
  CHECK(test::numbers(parameter.grad()) == std::vector<double>(4, 2.0));
  CHECK_THROWS_AS(scaler.unscale(*optimizer), InternalError);
  CHECK(clip_grad_norm(*optimizer, 1).item<float>() == Approx(4));
  CHECK(scaler.step(*optimizer, {.lr_factor = 2}));
  CHECK(test::numbers(parameter)[3] == Approx(1 - 0.1 * 2 * 0.5));
  scaler.update();
  CHECK_THROWS_AS(scaler.update(), InternalError);
  CHECK_THROWS_AS(scaler.step(*optimizer, {.found_inf = at::ones({})}), InternalError);
}

TEST_CASE("a scaler without sense is refused") {
  CHECK_THROWS_AS(GradScaler({.backoff_factor = 1}, at::kCPU), ConfigError);
  GradScaler scaler({}, at::kCPU);
  CHECK(scaler.scale_value() == 65536);
  CHECK_THROWS_AS(scaler.load_state({.scale = 0}), DataError);
  CHECK_THROWS_AS(scaler.load_state({.scale = NAN}), DataError);
  CHECK_THROWS_AS(scaler.load_state({.scale = 1, .growth_tracker = -1}), DataError);
}

}  // namespace
}  // namespace stoker::optim
