#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <mutex>

#include "dist/threads.h"
#include "stoker/dist/gradient_exchange.h"
#include "support/catch.h"

using namespace stoker;
using dist::Share;
using test::as_ranks;
using test::checking;

namespace {

// Three parameters of different sizes and layouts, of which the loss takes a weighted sum: the
// gradient of each is the weight.
struct Toy {
  weights::NamedTensors parameters;

  Toy() {
    const auto add = [&](const char* name, at::Tensor value) {
      parameters.emplace_back(name, value.detach().requires_grad_());
    };
    add("a", at::arange(7, at::kFloat));
    add("conv", at::arange(2 * 3 * 4 * 5, at::kFloat)
                    .reshape({2, 3, 4, 5})
                    .contiguous(at::MemoryFormat::ChannelsLast));
    add("b", at::arange(300'000, at::kFloat));
  }

  at::Tensor& at(size_t i) { return parameters[i].second; }

  void backward(double weight) {
    at::Tensor loss;
    for (auto& [name, parameter] : parameters) {
      const at::Tensor part = (parameter * weight * (parameter.detach() * 1e-3 + 1)).sum();
      loss = loss.defined() ? loss + part : part;
    }
    loss.backward();
  }
  at::Tensor expected(size_t i, double weight) { return (at(i).detach() * 1e-3 + 1) * weight; }
  void drop() {
    for (auto& [name, parameter] : parameters) parameter.mutable_grad() = at::Tensor();
  }
};

void check(Toy& toy, double weight, double tolerance = 1e-6) {
  const std::lock_guard lock(checking);
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < toy.parameters.size(); ++i) {
    const at::Tensor& gradient = toy.at(i).grad();
    REQUIRE(gradient.defined());
    CHECK(gradient.strides() == toy.at(i).strides());
    CHECK(gradient.allclose(toy.expected(i, weight), tolerance, tolerance));
  }
}

// In several buckets.
const dist::DistOptions kSmall{.bucket_mib = 0.5};

}  // namespace

TEST_CASE("gradients become sums over ranks, step after step") {
  for (const int64_t world : {1, 2, 3}) {
    as_ranks(
        world,
        [&](dist::Group& group) {
          Toy toy;
          const auto exchange = group.exchange(toy.parameters);
          for (int step = 1; step <= 3; ++step) {
            for (int micro_batch = 0; micro_batch < 3; ++micro_batch) {
              exchange->before_micro_batch(micro_batch == 2);
              toy.backward(static_cast<double>(group.rank() + step));
            }
            exchange->finish(Share::kWhole);
            const int64_t sum = world * (world - 1) / 2 + world * step;
            check(toy, 3.0 * static_cast<double>(sum));
            toy.drop();
          }
        },
        kSmall);
  }
}

TEST_CASE("the norm of a rank's own gradients is measured before they are summed") {
  for (const bool is_overlapped : {true, false}) {
    as_ranks(
        2,
        [&](dist::Group& group) {
          Toy toy;
          const auto exchange = group.exchange(toy.parameters);
          exchange->measure_own(true);
          for (int step = 1; step <= 2; ++step) {
            const auto weight = static_cast<double>(group.rank() + step);
            exchange->before_micro_batch(is_overlapped);
            toy.backward(weight);
            exchange->finish(Share::kWhole);
            double expected = 0;
            for (size_t i = 0; i < toy.parameters.size(); ++i)
              expected += toy.expected(i, weight).to(at::kDouble).square().sum().item<double>();
            const std::lock_guard lock(checking);
            CHECK(exchange->own_norm_squared().item<double>() == Approx(expected).epsilon(1e-4));
            toy.drop();
          }
          exchange->measure_own(false);
          exchange->before_micro_batch(is_overlapped);
          toy.backward(1);
          exchange->finish(Share::kWhole);
          const std::lock_guard lock(checking);
          CHECK_FALSE(exchange->own_norm_squared().defined());
        },
        kSmall);
  }
}

TEST_CASE("an exchange after the backward pass comes to the same") {
  as_ranks(2, [](dist::Group& group) {
    Toy toy;
    const auto exchange = group.exchange(toy.parameters);
    for (int step = 0; step < 2; ++step) {
      exchange->before_micro_batch(/*is_last=*/false);
      toy.backward(1.0 + static_cast<double>(group.rank()));
      exchange->finish(Share::kWhole);
      check(toy, 3);
      toy.drop();
    }
  });
}

TEST_CASE("a rank without images adds what it has") {
  as_ranks(
      3,
      [](dist::Group& group) {
        Toy toy;
        const auto exchange = group.exchange(toy.parameters);
        for (int step = 0; step < 3; ++step) {
          // Rank 1 had one micro-batch, rank 2 none, and neither begins the last one.
          if (group.rank() <= 1) {
            exchange->before_micro_batch(false);
            toy.backward(10);
          }
          if (group.rank() == 0) {
            exchange->before_micro_batch(true);
            toy.backward(1);
          }
          exchange->finish(Share::kWhole);
          check(toy, 21);
          toy.drop();
        }
      },
      kSmall);
}

TEST_CASE("a rank that fails in its pass lets the others end theirs, and goes on afterwards") {
  as_ranks(
      2,
      [](dist::Group& group) {
        Toy toy;
        const auto exchange = group.exchange(toy.parameters);
        for (int step = 0; step < 3; ++step) {
          exchange->before_micro_batch(true);
          if (group.rank() == 0 || step != 1) {
            toy.backward(5);
            exchange->finish(Share::kWhole);
          } else {
            // The gradients of one parameter are there, and its bucket on its way.
            (toy.at(2) * 1e6).sum().backward();
            exchange->finish(Share::kNothing);
          }
          if (step != 1) check(toy, 10);
          toy.drop();
        }
      },
      kSmall);
}

TEST_CASE("gradients travel in half of the bytes") {
  for (const auto compress : {dist::Compression::kBf16, dist::Compression::kFp16}) {
    as_ranks(2,
             [](dist::Group& group) {
               Toy toy;
               const auto exchange = group.exchange(toy.parameters);
               for (const bool overlaps : {true, false}) {
                 exchange->before_micro_batch(overlaps);
                 toy.backward(1e-3);
                 exchange->finish(Share::kWhole);
                 check(toy, 2e-3, /*tolerance=*/0.02);
                 toy.drop();
               }
             },
             {.bucket_mib = 0.5, .compress = compress});
  }
}

TEST_CASE("a parameter without a gradient is named") {
  CHECK_THROWS_WITH(as_ranks(2,
                             [](dist::Group& group) {
                               Toy toy;
                               const auto exchange = group.exchange(toy.parameters);
                               exchange->before_micro_batch(true);
                               toy.at(0).sum().backward();
                               exchange->finish(Share::kWhole);
                             }),
                    Catch::Contains("no gradient to conv, b"));
}
