#include "stoker/nn/batch_norm.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

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

struct Passed {
  at::Tensor out, x_grad, weight_grad, bias_grad, residual_grad, mean, variance;
};

struct Case {
  Activation activation = Activation::kRelu;
  bool scale = true;
  bool residual = false;
};

// Runs a norm of fixed parameters forward and backward, in x's precision and layout.
Passed pass(const Case& c, const at::Tensor& x, const at::Tensor& residual, const at::Tensor& dy) {
  const int64_t channels = x.size(1);
  BatchNorm norm(channels, {.eps = 1e-3, .momentum = 0.3, .scale = c.scale});
  const auto ramp = at::arange(channels, at::kFloat).remainder(7) / 7;
  norm.bias.detach().copy_(ramp - 0.4);
  if (c.scale) norm.weight.detach().copy_(1.5 - ramp);
  if (x.scalar_type() == at::kDouble) norm.to(at::kDouble);
  const at::Tensor leaf = x.detach().clone().set_requires_grad(true);
  const at::Tensor added =
      c.residual ? residual.detach().clone().set_requires_grad(true) : at::Tensor();
  const at::Tensor out = norm_activate(norm, c.activation, leaf, added);
  out.backward(dy);
  CHECK(norm.num_batches_tracked.item<int64_t>() == 1);
  const auto wide = [](const at::Tensor& t) { return t.defined() ? t.to(at::kDouble) : t; };
  return {wide(out.detach()),
          wide(leaf.grad()),
          c.scale ? wide(norm.weight.grad()) : at::Tensor(),
          wide(norm.bias.grad()),
          c.residual ? wide(added.grad()) : at::Tensor(),
          wide(norm.running_mean),
          wide(norm.running_var)};
}

void check_near(const char* what, const at::Tensor& ours, const at::Tensor& theirs, double bound) {
  INFO(what);
  REQUIRE(ours.defined() == theirs.defined());
  if (!ours.defined()) return;
  const double scale = std::max(1.0, theirs.abs().max().item<double>());
  CHECK((ours - theirs).abs().max().item<double>() < bound * scale);
}

// float64 goes the way of LibTorch's operators, so it is a reference of its own.
void check_against_float64(const Case& c, at::ScalarType type, int64_t channels,
                           const std::array<int64_t, 3>& nhw, double bound) {
  const auto format = at::MemoryFormat::ChannelsLast;
  const std::vector<int64_t> sizes{nhw[0], channels, nhw[1], nhw[2]};
  const auto random = [&] { return at::randn(sizes).to(type).contiguous(format); };
  const at::Tensor x = (random() * 2 + 5).contiguous(format), residual = random(), dy = random();
  INFO(c10::toString(type) << " channels " << channels << " activation "
                           << static_cast<int>(c.activation));
  const Passed ours = pass(c, x, residual, dy);
  const Passed exact = pass(c, x.to(at::kDouble), residual.to(at::kDouble), dy.to(at::kDouble));
  check_near("out", ours.out, exact.out, bound);
  check_near("gradient of x", ours.x_grad, exact.x_grad, bound);
  check_near("gradient of weight", ours.weight_grad, exact.weight_grad, bound);
  check_near("gradient of bias", ours.bias_grad, exact.bias_grad, bound);
  check_near("gradient of residual", ours.residual_grad, exact.residual_grad, bound);
  // Sums of 32 float32 values each, of distances from a first pixel some deviations off the mean.
  check_near("running mean", ours.mean, exact.mean, 5e-6);
  check_near("running variance", ours.variance, exact.variance, 5e-6);
}

TEST_CASE("norm and activation agree with float64, forward and backward", "[nn]") {
  at::manual_seed(1);
  // float32 rounds at 6e-8; a gradient of x is a difference of sums over the batch. bfloat16 rounds
  // its result at 2^-9, and ReLU may judge a value next to zero the other way, for dy / deviation.
  for (const auto& [type, bound] : {std::pair{at::kFloat, 1e-5}, std::pair{at::kBFloat16, 8e-3}})
    for (const int64_t channels : {1, 3, 24, 64, 200, 300})
      for (const Activation activation : {Activation::kRelu, Activation::kGelu, Activation::kSilu})
        for (const bool scale : {true, false})
          check_against_float64({activation, scale}, type, channels, {2, 5, 7}, bound);
  // The gradient of two values is all cancellation.
  check_against_float64({Activation::kGelu, true}, at::kFloat, 5, {1, 1, 2}, 1e-4);
  // Enough pixels for several chunks and an odd rest.
  check_against_float64({Activation::kGelu, false}, at::kFloat, 24, {13, 47, 53}, 1e-5);
}

TEST_CASE("norm with a residual agrees with float64", "[nn]") {
  at::manual_seed(2);
  for (const int64_t channels : {3, 64, 130})
    for (const Activation activation : {Activation::kRelu, Activation::kGelu})
      check_against_float64({activation, true, true}, at::kFloat, channels, {2, 5, 7}, 1e-5);
  // In bfloat16 the float64 sum may differ from the rounded one in sign where it is next to zero.
  const auto format = at::MemoryFormat::ChannelsLast;
  const at::Tensor x = at::randn({4, 6, 5, 7}).to(at::kBFloat16).contiguous(format);
  const at::Tensor residual = at::randn({4, 6, 5, 7}).to(at::kBFloat16).contiguous(format);
  BatchNorm norm(6, {});
  const at::Tensor ours = norm_activate(norm, Activation::kRelu, x, residual).to(at::kDouble);
  norm.to(at::kDouble);
  const at::Tensor exact =
      norm_activate(norm, Activation::kRelu, x.to(at::kDouble), residual.to(at::kDouble));
  CHECK((ours - exact).abs().max().item<double>() < 0.02);
}

TEST_CASE("norm and activation in eval mode, with and without gradients", "[nn]") {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    BatchNorm norm(3, {});
    norm.running_mean.copy_(at::arange(3, at::kFloat));
    norm.running_var.fill_(4);
    norm.eval();
    const at::Tensor x =
        at::randn({2, 3, 5, 7}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor with_gradients = norm_activate(norm, Activation::kGelu, x);
    CHECK(with_gradients.requires_grad());
    const c10::NoGradGuard no_grad;
    const at::Tensor without = norm_activate(norm, Activation::kGelu, x);
    CHECK(without.scalar_type() == type);
    CHECK(without.to(at::kFloat)
              .allclose(with_gradients.to(at::kFloat), 0, type == at::kFloat ? 1e-5 : 2e-2));
    CHECK(norm.num_batches_tracked.item<int64_t>() == 0);
    CHECK(norm.running_var.eq(4).all().item<bool>());
  }
}

TEST_CASE("statistics of values far from zero do not cancel", "[nn]") {
  BatchNorm norm(2, {.momentum = 1});
  const at::Tensor noise = at::randn({8, 2, 9, 11}, at::kDouble);
  const at::Tensor x = (noise + 1000).to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  norm.forward(x);
  const at::Tensor exact = x.to(at::kDouble).var({0, 2, 3}, /*unbiased=*/true);
  CHECK(norm.running_var.to(at::kDouble).allclose(exact, 1e-5));
}

TEST_CASE("what is not finite passes through the norm of its channel alone", "[nn]") {
  for (const float odd :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    for (const int64_t at : {0, 17}) {
      BatchNorm norm(3, {});
      at::Tensor x = at::randn({2, 3, 5, 7}).contiguous(at::MemoryFormat::ChannelsLast);
      x.permute({0, 2, 3, 1}).reshape({-1, 3})[at][1] = odd;  // a view: the layout fits
      REQUIRE_FALSE(x.select(1, 1).isfinite().all().item<bool>());
      x.set_requires_grad(true);
      const at::Tensor y = norm_activate(norm, Activation::kRelu, x);
      y.sum().backward();
      CHECK(y.select(1, 1).isnan().any().item<bool>());
      CHECK(y.select(1, 0).isfinite().all().item<bool>());
      CHECK(y.select(1, 2).isfinite().all().item<bool>());
      CHECK_FALSE(x.grad().select(1, 1).isfinite().all().item<bool>());
      CHECK(x.grad().select(1, 0).isfinite().all().item<bool>());
      CHECK_FALSE(norm.running_var[1].isfinite().item<bool>());
    }
  }
}

TEST_CASE("norm and activation give the same bits for any number of threads", "[nn]") {
  const int threads = at::get_num_threads();
  const at::Tensor x = at::randn({16, 24, 40, 31}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor dy = at::randn({16, 24, 40, 31}).contiguous(at::MemoryFormat::ChannelsLast);
  at::set_num_threads(1);
  const Passed one = pass({Activation::kGelu}, x, {}, dy);
  at::set_num_threads(3);
  const Passed three = pass({Activation::kGelu}, x, {}, dy);
  at::set_num_threads(threads);
  CHECK(one.out.equal(three.out));
  CHECK(one.x_grad.equal(three.x_grad));
  CHECK(one.weight_grad.equal(three.weight_grad));
  CHECK(one.variance.equal(three.variance));
}

TEST_CASE("norm and activation of other layouts and of an expanded gradient", "[nn]") {
  BatchNorm ours(3, {}), theirs(3, {});
  const at::Tensor x = at::randn({2, 3, 5, 7});
  const at::Tensor last = x.contiguous(at::MemoryFormat::ChannelsLast).set_requires_grad(true);
  norm_activate(ours, Activation::kGelu, last).sum().backward();  // a gradient of stride 0
  const at::Tensor plain = x.clone().set_requires_grad(true);
  norm_activate(theirs, Activation::kGelu, plain).sum().backward();
  CHECK(last.grad().allclose(plain.grad(), 1e-4, 1e-5));
  CHECK(ours.running_var.allclose(theirs.running_var));
  const at::Tensor strided = at::randn({2, 6, 5, 7}).slice(1, 0, 6, 2);
  CHECK(norm_activate(ours, Activation::kRelu, strided).sizes() == strided.sizes());
}

}  // namespace
}  // namespace stoker::nn
