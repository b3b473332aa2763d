#include "stoker/nn/max_pool.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <functional>
#include <limits>

#include "stoker/core/error.h"
#include "support/catch.h"

namespace stoker::nn {
namespace {

struct Pooled {
  at::Tensor out, grad;
};

Pooled pool(const at::Tensor& x, const std::function<at::Tensor(const at::Tensor&)>& body) {
  const at::Tensor leaf = x.detach().clone().set_requires_grad(true);
  const at::Tensor out = body(leaf);
  // Distinct gradients, so that a misplaced one shows; all are exact in bfloat16.
  out.backward(
      at::arange(out.numel(), at::kFloat).remainder(251).reshape(out.sizes()).to(x.dtype()));
  return {out.detach(), leaf.grad()};
}

void check_same_bits(const at::Tensor& x, int64_t size) {
  const Pooled ours = pool(x, [&](const at::Tensor& t) { return max_pool(t, size); });
  const Pooled theirs = pool(x, [&](const at::Tensor& t) { return at::max_pool2d(t, size); });
  CHECK(ours.out.allclose(theirs.out, 0, 0, /*equal_nan=*/true));
  CHECK(ours.grad.equal(theirs.grad));
  CHECK(ours.out.scalar_type() == x.scalar_type());
  CHECK(ours.out.is_contiguous(x.suggest_memory_format()));
}

TEST_CASE("max pooling gives LibTorch's bits, forward and backward", "[nn]") {
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kDouble})
    for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous})
      for (const int64_t channels : {1, 3, 64, 65, 200})
        for (const int64_t size : {1, 2, 3}) {
          INFO(c10::toString(dtype) << " channels " << channels << " size " << size);
          check_same_bits(at::randn({2, channels, 7, 11}).to(dtype).contiguous(format), size);
        }
}

TEST_CASE("max pooling of equal values, infinities and NaN", "[nn]") {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto images = [&](int64_t choices) {
      return at::randint(-choices, choices, {3, 5, 6, 9}, at::kFloat);
    };
    at::Tensor x = images(2);  // mostly ties
    check_same_bits(x.to(dtype).contiguous(at::MemoryFormat::ChannelsLast), 2);
    for (const float odd :
         {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
          std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN()}) {
      x = images(2).masked_fill(images(1).eq(0), odd);
      check_same_bits(x.to(dtype).contiguous(at::MemoryFormat::ChannelsLast), 3);
    }
  }
}

TEST_CASE("max pooling takes a gradient of any layout", "[nn]") {
  const at::Tensor x =
      at::randn({2, 3, 4, 6}).contiguous(at::MemoryFormat::ChannelsLast).set_requires_grad(true);
  max_pool(x, 2).sum().backward();  // an expanded gradient, of stride 0
  CHECK(x.grad().sum().item<double>() == 2 * 3 * 2 * 3);
  CHECK(x.grad().ne(0).sum().item<int64_t>() == 2 * 3 * 2 * 3);
}

TEST_CASE("max pooling refuses windows larger than the image", "[nn]") {
  CHECK_THROWS_AS(max_pool(at::randn({1, 2, 3, 5}), 4), InternalError);
  CHECK_THROWS_AS(max_pool(at::randn({2, 3, 5}), 2), InternalError);
  CHECK_THROWS_AS(max_pool(at::randn({1, 1, 20, 20}), 16), InternalError);
}

}  // namespace
}  // namespace stoker::nn
