#include "stoker/nn/convolution.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/randn.h>
#include <torch/nn/options/conv.h>

#include <algorithm>

#include "stoker/nn/weight_gradient.h"
#include "support/catch.h"

namespace stoker::nn {
namespace {

using torch::nn::Conv2dImpl;
using torch::nn::Conv2dOptions;
constexpr auto kLast = at::MemoryFormat::ChannelsLast;

struct Passed {
  at::Tensor out, x_grad, weight_grad;
};

Passed pass(Conv2dImpl& conv, const at::Tensor& x, const at::Tensor& dy, bool ours) {
  conv.zero_grad();
  const at::Tensor leaf = x.detach().clone().set_requires_grad(true);
  const at::Tensor out = ours ? convolve(conv, leaf) : conv.forward(leaf);
  out.backward(dy.expand_as(out).to(out.scalar_type()));
  return {out.detach().to(at::kDouble), leaf.grad().to(at::kDouble),
          conv.weight.grad().detach().clone()};
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor exact = b.to(at::kDouble);
  return (a.to(at::kDouble) - exact).abs().max().item<double>() /
         std::max(1.0, exact.abs().max().item<double>());
}

struct Autocast {
  Autocast() {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    at::autocast::decrement_nesting();
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

TEST_CASE("convolution agrees with float64, forward and backward", "[nn]") {
  at::manual_seed(1);
  for (const int64_t side : {3, 7, 14, 15})
    for (const int64_t kernel : {1, 3, 5})
      for (const int64_t stride : {1, 2})
        for (const int64_t groups : {1, 2}) {
          INFO("side " << side << " kernel " << kernel << " stride " << stride << " groups "
                       << groups);
          const auto options = Conv2dOptions(6, 10, kernel)
                                   .stride(stride)
                                   .padding(kernel / 2)
                                   .groups(groups)
                                   .bias(false);
          Conv2dImpl conv(options);
          conv.to(at::kFloat);
          const at::Tensor x = at::randn({5, 6, side, side + 1}).contiguous(kLast);
          const at::Tensor dy = at::randn({1, 10, 1, 1});
          const Passed ours = pass(conv, x, dy, true);
          Conv2dImpl wide(options);
          wide.weight = wide.register_parameter("wide", conv.weight.detach().to(at::kDouble));
          const Passed exact = pass(wide, x.to(at::kDouble), dy, false);
          CHECK(distance(ours.out, exact.out) < 1e-6);  // float32, sums of up to 150 products
          CHECK(distance(ours.x_grad, exact.x_grad) < 1e-6);
          CHECK(distance(ours.weight_grad, exact.weight_grad) < 1e-5);
          // bfloat16: every result is rounded at 2^-9, and so was the weight.
          const Autocast autocast;
          const Passed low = pass(conv, x, dy, true);
          CHECK(distance(low.out, exact.out) < 0.02);
          CHECK(distance(low.x_grad, exact.x_grad) < 0.02);
          CHECK(distance(low.weight_grad, exact.weight_grad) < 0.02);
          CHECK(low.weight_grad.scalar_type() == at::kFloat);
        }
}

// With AVX2 oneDNN's own pass over a strided 1x1 convolution of 3 channels wrote past its buffers,
// and a later allocation aborted. What is wrong is seen at once with valgrind.
TEST_CASE("strided 1x1 convolutions write nowhere else", "[nn]") {
  at::manual_seed(2);
  for (const int64_t channels : {3, 20, 48})
    for (const int64_t out : {48, 96})
      for (const int64_t side : {1, 2, 3, 5, 16}) {
        INFO(channels << " channels to " << out << ", side " << side);
        const auto options = Conv2dOptions(channels, out, 1).stride(2).bias(false);
        Conv2dImpl conv(options);
        const at::Tensor x = at::randn({16, channels, side, side}).contiguous(kLast);
        const at::Tensor dy = at::randn({1, out, 1, 1});
        Conv2dImpl wide(options);
        wide.weight = wide.register_parameter("wide", conv.weight.detach().to(at::kDouble));
        CHECK(distance(pass(conv, x, dy, true).weight_grad,
                       pass(wide, x.to(at::kDouble), dy, false).weight_grad) < 1e-5);
      }
}

TEST_CASE("the weight's gradient has the weight's layout", "[nn]") {
  Conv2dImpl conv(Conv2dOptions(6, 10, 3).padding(1).bias(false));
  conv.weight.set_data(conv.weight.contiguous(kLast));
  convolve(conv, at::randn({2, 6, 5, 7}).contiguous(kLast)).sum().backward();
  CHECK(conv.weight.grad().strides() == conv.weight.strides());
}

TEST_CASE("images side by side give the gradient of images alone", "[nn]") {
  at::manual_seed(3);
  const at::Tensor x = at::arange(5 * 2 * 3 * 4, at::kFloat).view({5, 2, 3, 4}).contiguous(kLast);
  const at::Tensor wide = side_by_side(x, 2, 6);
  REQUIRE(wide.sizes() == at::IntArrayRef({3, 2, 3, 10}));
  CHECK(wide.narrow(3, 0, 4).equal(x.slice(0, 0, 5, 2)));
  CHECK(wide.narrow(3, 4, 2).eq(0).all().item<bool>());
  CHECK(wide.narrow(0, 0, 2).narrow(3, 6, 4).equal(x.slice(0, 1, 5, 2)));
  CHECK(wide[2].narrow(2, 6, 4).eq(0).all().item<bool>());

  const at::Tensor weight = at::randn({6, 2, 3, 3}), dy = at::randn({5, 6, 2, 2}).contiguous(kLast);
  const auto gradient = [&](const at::Tensor& grad, const at::Tensor& in) {
    return std::get<1>(at::convolution_backward(grad, in, weight, at::OptionalIntArrayRef(), {2, 2},
                                                {1, 1}, {1, 1}, false, {0, 0}, 1,
                                                {false, true, false}));
  };
  CHECK(gradient(side_by_side(dy, 2, 3), wide).allclose(gradient(dy, x), 1e-4, 1e-3));
}

TEST_CASE("a convolution's gradients are the same bits each time", "[nn]") {
  at::manual_seed(4);
  Conv2dImpl conv(Conv2dOptions(16, 32, 3).padding(1).bias(false));
  const at::Tensor x = at::randn({9, 16, 7, 7}).contiguous(kLast);
  const Autocast autocast;
  const Passed first = pass(conv, x, at::randn({1, 32, 1, 1}), true);
  at::manual_seed(4);
  CHECK(first.weight_grad.numel() > 0);
  const at::Tensor dy = at::randn({1, 32, 1, 1});
  const Passed a = pass(conv, x, dy, true), b = pass(conv, x, dy, true);
  CHECK(a.weight_grad.equal(b.weight_grad));
  CHECK(a.x_grad.equal(b.x_grad));
}

TEST_CASE("convolution, bias and activation agree with the module and LibTorch", "[nn]") {
  at::manual_seed(5);
  for (const bool frozen : {true, false})
    for (const Activation activation : {Activation::kGelu, Activation::kRelu, Activation::kTanh}) {
      Conv2dImpl conv(Conv2dOptions(3, 24, 2));
      conv.weight.set_requires_grad(!frozen);
      const at::Tensor x = at::randn({2, 3, 6, 8}).contiguous(kLast);
      const at::Tensor out = convolve_activate(conv, activation, x);
      const at::Tensor dy = at::randn(out.sizes()).contiguous(kLast);
      out.backward(dy);
      const at::Tensor bias_grad = conv.bias.grad().clone();
      const at::Tensor weight_grad = frozen ? at::Tensor() : conv.weight.grad().clone();
      conv.zero_grad();
      const at::Tensor expected = activate(activation, conv.forward(x));
      expected.backward(dy);
      CHECK(out.allclose(expected, 1e-5, 1e-6));
      CHECK(bias_grad.allclose(conv.bias.grad(), 1e-4, 1e-5));
      CHECK(conv.weight.grad().defined() == !frozen);
      if (!frozen) CHECK(weight_grad.allclose(conv.weight.grad(), 1e-4, 1e-5));
    }
}

TEST_CASE("what convolve does not take goes to the module", "[nn]") {
  Conv2dImpl conv(Conv2dOptions(3, 4, 3).padding(2).dilation(2).bias(false));
  const at::Tensor x = at::randn({2, 3, 5, 7});
  CHECK(convolve(conv, x).equal(conv.forward(x)));
  CHECK(convolve(conv, x.contiguous(kLast)).allclose(conv.forward(x), 1e-5, 1e-6));
}

}  // namespace
}  // namespace stoker::nn
