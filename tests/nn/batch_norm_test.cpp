#include "stoker/nn/batch_norm.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>

#include "support/catch.h"

namespace stoker::nn {
namespace {

TEST_CASE("batch norm without scale normalizes and shifts", "[nn]") {
  BatchNorm norm(3, {.eps = 0, .momentum = 0.25, .scale = false});
  norm.to(at::kDouble);
  norm.bias.detach().copy_(at::arange(3, at::kDouble));
  CHECK(norm.named_parameters().size() == 1);
  const at::Tensor x = at::randn({2, 3, 5, 7}, at::kDouble) * 3 + 8;
  const at::Tensor y = norm.forward(x).detach();
  const at::Tensor mean = y.mean({0, 2, 3});
  const at::Tensor deviation = y.var({0, 2, 3}, /*unbiased=*/false);
  for (int64_t c = 0; c < 3; ++c) {
    CHECK(mean[c].item<double>() == Approx(static_cast<double>(c)).margin(1e-12));
    CHECK(deviation[c].item<double>() == Approx(1));
  }
  const at::Tensor batch_mean = x.mean({0, 2, 3}), batch_var = x.var({0, 2, 3});
  CHECK(norm.running_mean.allclose(0.25 * batch_mean));
  CHECK(norm.running_var.allclose(0.75 + 0.25 * batch_var));
  CHECK(norm.num_batches_tracked.item<int64_t>() == 1);
}

TEST_CASE("batch norm in eval mode uses and keeps the running statistics", "[nn]") {
  BatchNorm norm(2, {});
  norm.running_mean.fill_(4);
  norm.running_var.fill_(9);
  norm.eval();
  const at::Tensor x = at::randn({3, 2});
  CHECK(norm.forward(x).allclose((x - 4) / 3, 1e-4, 1e-5));
  CHECK(norm.running_mean.eq(4).all().item<bool>());
  CHECK(norm.num_batches_tracked.item<int64_t>() == 0);
}

TEST_CASE("a batch norm of which nothing learns keeps its statistics in training mode", "[nn]") {
  const at::Tensor x = at::randn({3, 2, 5, 4});
  for (const bool scale : {true, false}) {
    BatchNorm norm(2, {.scale = scale});
    norm.running_mean.fill_(4);
    norm.running_var.fill_(9);
    norm.train();
    norm.bias.set_requires_grad(false);
    if (scale) {  // one parameter that learns is enough to be an ordinary norm
      norm.forward(x);
      CHECK(norm.num_batches_tracked.item<int64_t>() == 1);
      norm.running_mean.fill_(4);
      norm.running_var.fill_(9);
      norm.weight.set_requires_grad(false);
    }
    CHECK(norm.forward(x).allclose((x - 4) / 3, 1e-4, 1e-5));
    CHECK(norm.running_mean.eq(4).all().item<bool>());
    CHECK(norm.running_var.eq(9).all().item<bool>());
    CHECK(norm.num_batches_tracked.item<int64_t>() == (scale ? 1 : 0));
  }
}

TEST_CASE("batch norm of bfloat16 keeps float32 statistics", "[nn]") {
  BatchNorm norm(4, {.scale = false});
  const at::Tensor x =
      at::randn({6, 4, 3, 5}).to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
  x.set_requires_grad(true);
  const at::Tensor y = norm.forward(x);
  CHECK(y.scalar_type() == at::kBFloat16);
  CHECK(norm.running_mean.scalar_type() == at::kFloat);
  y.sum().backward();
  CHECK(norm.bias.grad().scalar_type() == at::kFloat);
  CHECK(norm.bias.grad().eq(90).all().item<bool>());
}

}  // namespace
}  // namespace stoker::nn
