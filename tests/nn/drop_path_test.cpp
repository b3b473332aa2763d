#include "stoker/nn/drop_path.h"

#include <ATen/Context.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>

#include "support/catch.h"

namespace stoker::nn {
namespace {

TEST_CASE("a path drops whole samples and scales those that stay", "[nn]") {
  at::manual_seed(7);
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = at::ones({4000, 3, 2}, dtype);
    const at::Tensor y = drop_path(x, 0.2, /*training=*/true);
    REQUIRE(y.sizes() == x.sizes());
    CHECK(y.scalar_type() == dtype);
    CHECK(y.select(2, 1).equal(y.select(2, 0)));
    CHECK(y.select(1, 2).equal(y.select(1, 0)));
    const at::Tensor first = y.select(2, 0).select(1, 0).to(at::kDouble);
    const double kept = first.gt(0).sum().item<double>();
    // Of 4,000 draws the share has a standard error of 0.0063.
    CHECK(kept / 4000 == Approx(0.8).margin(0.03));
    CHECK(first.sum().item<double>() / kept == Approx(1.25).epsilon(0.005));  // bfloat16's 8 bits
  }
}

TEST_CASE("a path that drops nothing is its input", "[nn]") {
  const at::Tensor x = at::randn({5, 3});
  CHECK(drop_path(x, 0, true).is_same(x));
  CHECK(drop_path(x, 0.5, false).is_same(x));
}

TEST_CASE("the same seed drops the same samples, forward and backward", "[nn]") {
  const at::Tensor x = at::randn({50, 3, 4, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  x.set_requires_grad(true);
  at::manual_seed(3);
  const at::Tensor y = drop_path(x, 0.4, true);
  CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  at::manual_seed(3);
  CHECK(drop_path(x, 0.4, true).equal(y));
  CHECK_FALSE(drop_path(x, 0.4, true).equal(y));
  y.sum().backward();
  CHECK((x.grad() * x).allclose(y.detach()));
}

TEST_CASE("rates of paths rise linearly with the depth", "[nn]") {
  CHECK(drop_path_rate(0.3, 0, 4) == 0);
  CHECK(drop_path_rate(0.3, 1, 4) == Approx(0.1));
  CHECK(drop_path_rate(0.3, 3, 4) == Approx(0.3));
  CHECK(drop_path_rate(0.3, 0, 1) == 0);
}

}  // namespace
}  // namespace stoker::nn
