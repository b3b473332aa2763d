#include "stoker/optim/clip.h"

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

TEST_CASE("a non-finite gradient shows in the norm") {
  const at::Tensor a = at::ones({3});
  const auto optimizer = make_sgd({}, {{.parameters = {{"a", a}}}});
  a.mutable_grad() = at::full({3}, INFINITY);
  CHECK_FALSE(std::isfinite(clip_grad_norm(*optimizer, 1).item<float>()));
}

}  // namespace
}  // namespace stoker::optim
