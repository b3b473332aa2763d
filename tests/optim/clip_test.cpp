#include "stoker/optim/clip.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include "golden.h"
#include "stoker/core/error.h"
#include "stoker/optim/sgd.h"
#include "support/catch.h"

namespace stoker::optim {
namespace {

TEST_CASE("clip_grad_norm is torch.nn.utils.clip_grad_norm_") {
  for (const auto& golden : test::golden("clip")) {
    const double max_norm = golden["max_norm"].get<double>();
    INFO(max_norm);
    const NamedTensors named = test::parameters();
    test::set_gradients(named, 1);
    const auto optimizer = make_sgd({}, make_groups(named, {.groups = {{.match = "bias"}}}));
    const at::Tensor norm = clip_grad_norm(*optimizer, max_norm);
    CHECK(norm.item<float>() == Approx(golden["norm"].get<double>()).epsilon(1e-6));
    for (const auto& [name, parameter] : named)
      CHECK(test::worst_difference(parameter.grad(), golden["gradients"][name]) < 1e-6);
  }
}

TEST_CASE("clipping measures all dtypes together and leaves out what has no gradient") {
  const at::Tensor a = at::ones({2, 3}), b = at::ones({4}, at::kDouble), c = at::ones({5}),
                   d = at::ones({7}, at::kBFloat16);
  const auto optimizer = make_sgd({}, {{.parameters = {{"a", a}, {"b", b}, {"c", c}, {"d", d}}}});
  CHECK(clip_grad_norm(*optimizer, 1).item<float>() == 0);
  a.mutable_grad() = at::full({2, 3}, 2.0);
  b.mutable_grad() = at::full({4}, 5.0, at::kDouble);
  d.mutable_grad() = at::full({7}, 0.5, at::kBFloat16);
  const double norm = std::sqrt(6 * 4 + 4 * 25 + 7 * 0.25);
  CHECK(clip_grad_norm(*optimizer, 1).item<float>() == Approx(norm));
  CHECK(test::numbers(a.grad())[5] == Approx(2 / norm).epsilon(1e-6));
  CHECK(test::numbers(b.grad())[3] == Approx(5 / norm).epsilon(1e-6));
  CHECK(test::numbers(d.grad())[6] == Approx(0.5 / norm).epsilon(1 / 256.0));  // 8 bits of mantissa
  CHECK_FALSE(c.grad().defined());
  CHECK_THROWS_AS(clip_grad_norm(*optimizer, 0), InternalError);
}

// The clip goldens' parameters: a head that may be left out, and what precedes it.
std::vector<ParameterGroup> small_weights(const NamedTensors& named) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : named) at::Tensor(parameter).mul_(0.3);
  return {{.parameters = named, .parts = {.head = "head."}}};
}

TEST_CASE("clipping by value is torch's, adaptive clipping timm's, without the head unless asked") {
  const struct {
    const char* golden;
    ClipOptions options;
  } cases[] = {{"value", {.value = 0.25}},
               {"adaptive", {.adaptive = {.factor = 0.2, .head = true}}},
               {"adaptive_body", {.adaptive = {.factor = 0.2, .eps = 0.5}}}};
  for (const auto& one : cases) {
    INFO(one.golden);
    const NamedTensors named = test::parameters();
    const auto optimizer = make_sgd({}, small_weights(named));
    test::set_gradients(named, 1);
    const double norm = grad_norm(*optimizer).item<float>();
    CHECK(clip_gradients(*optimizer, one.options).item<float>() == Approx(norm));
    const auto golden = test::golden("clip_kinds")[one.golden];
    for (const auto& [name, parameter] : named) {
      INFO(name);
      CHECK(test::worst_difference(parameter.grad(), golden[name]) < 1e-6);
    }
  }
}

TEST_CASE("clipping of any kind shows a gradient that is not finite") {
  for (const ClipOptions& options : {ClipOptions{.norm = 1.0}, ClipOptions{.value = 1.0},
                                     ClipOptions{.adaptive = {.factor = 0.1}}}) {
    const at::Tensor a = at::ones({3});
    const auto optimizer = make_sgd({}, {{.parameters = {{"a", a}}}});
    a.mutable_grad() = at::full({3}, INFINITY);
    CHECK_FALSE(std::isfinite(clip_gradients(*optimizer, options).item<float>()));
  }
}

TEST_CASE("two kinds of clipping at once are refused") {
  CHECK_NOTHROW(check_clipping({.adaptive = {.factor = 0.1}}));
  CHECK_THROWS_WITH(check_clipping({.norm = 1.0, .value = 1.0}),
                    Catch::Contains("train.clip_grad_value") && Catch::Contains("only one"));
}

TEST_CASE("a non-finite gradient shows in the norm") {
  const at::Tensor a = at::ones({3});
  const auto optimizer = make_sgd({}, {{.parameters = {{"a", a}}}});
  a.mutable_grad() = at::full({3}, INFINITY);
  CHECK_FALSE(std::isfinite(clip_grad_norm(*optimizer, 1).item<float>()));
}

}  // namespace
}  // namespace stoker::optim
