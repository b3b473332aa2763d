#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>

#include <barrier>
#include <map>
#include <thread>

#include "stoker/nn/batch_norm.h"
#include "support/catch.h"

using namespace stoker;
using nn::BatchNorm;

namespace {

// Threads that take their statistics together.
class Threads {
 public:
  explicit Threads(std::ptrdiff_t count) : arrived_(count), left_(count) {}

  class Peer : public nn::NormPeers {
   public:
    explicit Peer(Threads& threads) : threads_(threads) {}
    void sum(const at::Tensor& values) override { threads_.sum(values); }

   private:
    Threads& threads_;
  };

 private:
  void sum(const at::Tensor& values) {
    {
      const std::lock_guard lock(mutex_);
      sum_ = sum_.defined() ? sum_ + values : values.clone();
    }
    arrived_.arrive_and_wait();
    const at::Tensor all = sum_;
    left_.arrive_and_wait();
    {
      const std::lock_guard lock(mutex_);
      sum_ = at::Tensor();
    }
    values.copy_(all);
    arrived_.arrive_and_wait();
  }

  std::mutex mutex_;
  std::barrier<> arrived_, left_;
  at::Tensor sum_;
};

struct Outcome {
  at::Tensor out, input_grad, weight_grad, bias_grad, mean, variance;
};

Outcome run(nn::NormPeers* peers, const at::Tensor& images, const at::Tensor& out_grad,
            bool scale) {
  BatchNorm norm(images.size(1), {.momentum = 0.3, .scale = scale});
  {
    const at::NoGradGuard no_grad;
    for (int64_t c = 0; c < images.size(1); ++c) {
      norm.bias[c] = 0.1 * static_cast<double>(c);
      if (scale) norm.weight[c] = 1 + 0.2 * static_cast<double>(c);
    }
  }
  norm.set_span({.peers = peers});
  const at::Tensor x = images.clone(at::MemoryFormat::Preserve).requires_grad_();
  const at::Tensor out = nn::norm_activate(norm, nn::Activation::kRelu, x);
  out.backward(out_grad);
  return {out.detach(),     x.grad(),          scale ? norm.weight.grad() : at::Tensor(),
          norm.bias.grad(), norm.running_mean, norm.running_var};
}

void check_close(const at::Tensor& one, const at::Tensor& other) {
  REQUIRE(one.sizes() == other.sizes());
  CHECK(one.allclose(other, 1e-5, 1e-5));
}

}  // namespace

TEST_CASE("norms that share their statistics are the norm of one process with all images") {
  for (const bool scale : {true, false}) {
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{11, 3}, std::vector<int64_t>{7, 5, 2, 3}}) {
      const at::Tensor images = at::randn(shape) * 2 + 5;
      const at::Tensor out_grad = at::randn(shape);
      const Outcome whole = run(nullptr, images, out_grad, scale);
      // Unequal shares.
      const int64_t first = shape[0] / 3;
      const std::vector<int64_t> sizes{first, shape[0] - first};
      const auto parts = images.split_with_sizes(sizes), grads = out_grad.split_with_sizes(sizes);
      Threads threads(2);
      Threads::Peer peer(threads);
      std::vector<Outcome> outcomes(2);
      std::thread other([&] { outcomes[1] = run(&peer, parts[1], grads[1], scale); });
      outcomes[0] = run(&peer, parts[0], grads[0], scale);
      other.join();
      check_close(at::cat({outcomes[0].out, outcomes[1].out}), whole.out);
      check_close(at::cat({outcomes[0].input_grad, outcomes[1].input_grad}), whole.input_grad);
      check_close(outcomes[0].bias_grad + outcomes[1].bias_grad, whole.bias_grad);
      if (scale) check_close(outcomes[0].weight_grad + outcomes[1].weight_grad, whole.weight_grad);
      for (const Outcome& outcome : outcomes) {
        check_close(outcome.mean, whole.mean);
        check_close(outcome.variance, whole.variance);
      }
    }
  }
}

TEST_CASE("no ghost batch is a single image, whose variance is none") {
  const std::map<int64_t, int64_t> pieces_of{{3, 1}, {5, 2}, {6, 3}, {9, 4}};
  for (const auto& [images, pieces] : pieces_of) {
    CAPTURE(images);
    const at::Tensor x = at::randn({images, 3});
    BatchNorm ghost(3, {});
    ghost.set_span({.ghost_images = 2});
    CHECK(ghost.forward(x).isfinite().all().item<bool>());
    CHECK(ghost.running_var.isfinite().all().item<bool>());
    CHECK(ghost.num_batches_tracked.item<int64_t>() == pieces);
  }
}

TEST_CASE("ghost batches are normalized apart") {
  const at::Tensor images = at::randn({10, 3, 2, 2});
  BatchNorm ghost(3, {}), plain(3, {});
  ghost.set_span({.ghost_images = 4});
  const at::Tensor out = ghost.forward(images);
  std::vector<at::Tensor> expected;
  for (const at::Tensor& piece : images.tensor_split(3)) expected.push_back(plain.forward(piece));
  CHECK(out.equal(at::cat(expected)));
  CHECK(ghost.running_mean.equal(plain.running_mean));
  CHECK(ghost.running_var.equal(plain.running_var));
  ghost.eval();
  plain.eval();
  CHECK(ghost.forward(images).equal(plain.forward(images)));
}
