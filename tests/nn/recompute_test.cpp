#include "stoker/nn/recompute.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>
#include <torch/nn/modules/conv.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "stoker/nn/convolution.h"
#include "support/catch.h"

using Catch::Contains;

namespace stoker::nn {
namespace {

enum class Keep { kAll, kInputsOfNorms, kInputOfBlock, kBoth };

// convolution, norm, activation, dropout, convolution, norm, activation after the sum
class Block : public torch::nn::Module {
 public:
  explicit Block(Activation activation) : activation_(activation) {
    const torch::nn::Conv2dOptions shape = torch::nn::Conv2dOptions(6, 6, 3).padding(1).bias(false);
    conv1_ = register_module("conv1", std::make_shared<torch::nn::Conv2dImpl>(shape));
    norm1_ = register_module("norm1", std::make_shared<BatchNorm>(6, BatchNormOptions{}));
    conv2_ = register_module("conv2", std::make_shared<torch::nn::Conv2dImpl>(shape));
    norm2_ = register_module("norm2", std::make_shared<BatchNorm>(6, BatchNormOptions{}));
  }

  at::Tensor forward(const at::Tensor& x, bool keep) {
    ++runs;
    const Deferred normed = deferred_norm(norm1_, activation_, convolve(*conv1_, x));
    const Piece drop = [normed, this](const at::Tensor& in) {
      return at::dropout(normed.make(in), 0.4, is_training());
    };
    const at::Tensor y = consume(
        {normed.x, drop, normed.parameters},
        [&](const at::Tensor& in) { return convolve(*conv2_, in); }, keep);
    return norm_activate(*norm2_, Activation::kRelu, y, x);
  }

  int runs = 0;
  std::shared_ptr<BatchNorm> norm1_, norm2_;

 private:
  Activation activation_;
  std::shared_ptr<torch::nn::Conv2dImpl> conv1_, conv2_;
};

struct Case {
  std::string name;
  at::ScalarType type = at::kFloat;
  at::MemoryFormat format = at::MemoryFormat::ChannelsLast;
  Activation activation = Activation::kRelu;
  bool autocast = false;
  bool input_learns = true;
  std::vector<std::string> frozen{};
};

class Autocast {
 public:
  explicit Autocast(bool on) {
    at::autocast::set_autocast_enabled(at::kCPU, on);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

// Outputs, gradients and buffers of two micro-batches through two blocks of fixed weights.
std::vector<std::pair<std::string, at::Tensor>> train(const Case& c, Keep keep) {
  at::manual_seed(3);
  std::vector<std::shared_ptr<Block>> blocks;
  for (int i = 0; i < 2; ++i) {
    blocks.push_back(std::make_shared<Block>(c.activation));
    blocks.back()->to(c.type);
    if (c.format == at::MemoryFormat::ChannelsLast) {
      for (at::Tensor& parameter : blocks.back()->parameters())
        if (parameter.dim() == 4) parameter.set_data(parameter.detach().contiguous(c.format));
    }
    for (auto& parameter : blocks.back()->named_parameters())
      for (const std::string& name : c.frozen)
        if (parameter.key().find(name) != std::string::npos)
          parameter.value().set_requires_grad(false);
  }
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (int step = 0; step < 2; ++step) {
    const at::ScalarType input = c.autocast ? at::kBFloat16 : c.type;
    const at::Tensor images = at::randn({3, 6, 5, 7}).to(input).contiguous(c.format);
    const at::Tensor dy = at::randn({3, 6, 5, 7}).to(input).contiguous(c.format);
    at::Tensor x = images.set_requires_grad(c.input_learns);
    {
      const Autocast autocast(c.autocast);
      at::manual_seed(static_cast<uint64_t>(40 + step));
      for (const auto& block : blocks) {
        const bool keep_norms = keep == Keep::kAll || keep == Keep::kInputOfBlock;
        const Piece run = [block, keep_norms](const at::Tensor& in) {
          return block->forward(in, keep_norms);
        };
        x = keep == Keep::kAll || keep == Keep::kInputsOfNorms
                ? run(x)
                : recompute(run, block->parameters(), x);
      }
    }
    all.emplace_back("out", x.detach());
    at::manual_seed(77);
    const at::Tensor before = at::randn({4});
    x.backward(dy);
    if (c.input_learns) all.emplace_back("gradient of x", images.grad());
    at::manual_seed(77);
    CHECK(at::randn({4}).equal(before));
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    for (const auto& p : blocks[i]->named_parameters())
      all.emplace_back(std::to_string(i) + p.key(), p.value().grad());
    for (const auto& b : blocks[i]->named_buffers())
      all.emplace_back(std::to_string(i) + b.key(), b.value());
    const bool again = keep == Keep::kInputOfBlock || keep == Keep::kBoth;
    CHECK(blocks[i]->runs == (again ? 4 : 2));
    CHECK(blocks[i]->norm1_->num_batches_tracked.item<int64_t>() ==
          (blocks[i]->norm1_->learns() ? 2 : 0));
  }
  return all;
}

TEST_CASE("what is computed again gives the same bits, and norms move once", "[nn]") {
  const auto contiguous = at::MemoryFormat::Contiguous;
  const std::vector<Case> cases{
      {.name = "our kernels"},
      {.name = "our kernels, GELU", .activation = Activation::kGelu},
      {.name = "our kernels, SiLU of LibTorch", .activation = Activation::kSilu},
      {.name = "bfloat16 by autocast", .autocast = true},
      {.name = "bfloat16 by autocast, LibTorch", .format = contiguous, .autocast = true},
      {.name = "float64", .type = at::kDouble},
      {.name = "LibTorch's operators", .format = contiguous},
      {.name = "LibTorch's operators, GELU", .format = contiguous, .activation = Activation::kGelu},
      {.name = "images need no gradient", .input_learns = false},
      {.name = "a frozen norm", .frozen = {"norm1"}},
      {.name = "frozen convolutions", .frozen = {"conv"}},
      {.name = "only a norm learns", .input_learns = false, .frozen = {"conv", "norm1"}},
      {.name = "the first of them learns", .input_learns = false, .frozen = {"norm", "conv2"}},
  };
  for (const Case& c : cases) {
    const auto plain = train(c, Keep::kAll);
    for (const Keep keep : {Keep::kInputsOfNorms, Keep::kInputOfBlock, Keep::kBoth}) {
      const auto again = train(c, keep);
      REQUIRE(again.size() == plain.size());
      for (size_t i = 0; i < plain.size(); ++i) {
        INFO(c.name << ", keep " << static_cast<int>(keep) << ": " << plain[i].first);
        REQUIRE(again[i].second.defined() == plain[i].second.defined());
        if (!plain[i].second.defined()) continue;
        CHECK(again[i].second.equal(plain[i].second));
        CHECK(again[i].second.strides() == plain[i].second.strides());
        CHECK(again[i].second.scalar_type() == plain[i].second.scalar_type());
      }
    }
  }
}

TEST_CASE("without gradients nothing is kept, nor computed twice", "[nn]") {
  const auto block = std::make_shared<Block>(Activation::kRelu);
  block->eval();
  const at::Tensor x = at::randn({3, 6, 5, 7});
  const c10::NoGradGuard no_grad;
  const Piece run = [block](const at::Tensor& in) { return block->forward(in, false); };
  const at::Tensor y = recompute(run, block->parameters(), x);
  CHECK(block->runs == 1);
  CHECK(y.equal(block->forward(x, true)));
  CHECK_FALSE(y.requires_grad());
}

TEST_CASE("the consumer's input is freed until its backward pass", "[nn]") {
  const auto norm = std::make_shared<BatchNorm>(6, BatchNormOptions{});
  torch::nn::Conv2dImpl conv(torch::nn::Conv2dOptions(6, 4, 3).bias(false));
  for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
    const at::Tensor x = at::randn({3, 6, 5, 7}).contiguous(format).set_requires_grad(true);
    at::Tensor seen;
    const at::Tensor y = consume(deferred_norm(norm, Activation::kRelu, x),
                                 [&](const at::Tensor& in) { return convolve(conv, seen = in); });
    CHECK(seen.storage().data() == nullptr);
    y.sum().backward();
    CHECK(seen.storage().data() != nullptr);
    CHECK(seen.equal(norm_activate(*norm, Activation::kRelu, x).detach()));
    norm->zero_grad();
  }
}

TEST_CASE("a piece that is computed again fails as it stands", "[nn]") {
  const at::Tensor x = at::randn({2, 3}).set_requires_grad(true);
  int runs = 0;
  const Piece fails_later = [&](const at::Tensor& in) {
    if (++runs == 2) throw std::runtime_error("no memory left");
    return in * 2;
  };
  const at::Tensor y = recompute(fails_later, {}, x);
  CHECK_THROWS_WITH(y.sum().backward(), Contains("no memory left"));
  CHECK_THROWS_WITH(recompute(
                        [](const at::Tensor& in) {
                          return in.view({3, 2});
                        },
                        {}, x),
                    Contains("gave back its input"));
  const at::Tensor twice = recompute([](const at::Tensor& in) { return in * 2; }, {}, x);
  twice.sum().backward({}, /*retain_graph=*/true);
  CHECK_THROWS_WITH(twice.sum().backward(), Contains("twice"));
}

}  // namespace
}  // namespace stoker::nn
