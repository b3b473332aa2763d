#include "stoker/losses/loss.h"

#include <ATen/ops/one_hot.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <vector>

#include "support/catch.h"

using namespace stoker;

namespace {

// The definitions in float64, one sample at a time.
double reference(const std::string& name, double smoothing, const std::vector<double>& logits,
                 int64_t label) {
  const auto classes = static_cast<double>(logits.size());
  double highest = logits[0], sum = 0, loss = 0;
  for (const double logit : logits) highest = std::max(highest, logit);
  for (const double logit : logits) sum += std::exp(logit - highest);
  for (size_t i = 0; i < logits.size(); ++i) {
    const double target =
        smoothing / classes + (static_cast<int64_t>(i) == label ? 1 - smoothing : 0);
    if (name == "cross_entropy") {
      loss -= target * (logits[i] - highest - std::log(sum));
    } else {
      const double p = 1 / (1 + std::exp(-logits[i]));
      loss -= (target * std::log(p) + (1 - target) * std::log(1 - p)) / classes;
    }
  }
  return loss;
}

at::Tensor loss_per_sample(const char* name, double smoothing, const at::Tensor& logits,
                           const at::Tensor& targets) {
  return losses::losses()
      .build(losses::losses().pick(name), {})
      ->per_sample(logits, targets, smoothing);
}

}  // namespace

TEST_CASE("losses agree with their definitions in float64") {
  const at::Tensor logits = at::randn({5, 7}) * 2;
  const std::vector<int64_t> labels{0, 6, 3, 3, 1};
  for (const char* kind : {"cross_entropy", "bce"}) {
    for (const double smoothing : {0.0, 0.2, 1.0}) {
      const at::Tensor loss = loss_per_sample(kind, smoothing, logits, at::tensor(labels));
      REQUIRE(loss.sizes() == at::IntArrayRef{5});
      for (int64_t i = 0; i < 5; ++i) {
        std::vector<double> row;
        for (int64_t c = 0; c < 7; ++c) row.push_back(logits[i][c].item<double>());
        // float32 sums of seven terms of order one
        CHECK(loss[i].item<double>() ==
              Approx(reference(kind, smoothing, row, labels[i])).epsilon(2e-6).margin(2e-6));
      }
    }
  }
}

TEST_CASE("logits of a narrow dtype are widened before the loss") {
  const at::Tensor logits = at::tensor({1.5, -2.0, 0.25}).reshape({1, 3}).to(at::kBFloat16);
  const at::Tensor loss =
      loss_per_sample("cross_entropy", 0, logits, at::tensor(std::vector<int64_t>{1}));
  CHECK(loss.scalar_type() == at::kFloat);
  CHECK(loss[0].item<double>() ==
        Approx(reference("cross_entropy", 0, {1.5, -2.0, 0.25}, 1)).epsilon(1e-6));
}

TEST_CASE("class weights multiply what each class adds to the loss") {
  const at::Tensor logits = at::randn({4, 3});
  const at::Tensor labels = at::tensor(std::vector<int64_t>{2, 0, 1, 2});
  const at::Tensor weights = at::tensor({0.5f, 2.0f, 3.0f});
  const auto weighted = [&](const char* name, const at::Tensor& targets) {
    return losses::losses()
        .build(losses::losses().pick(name), {weights})
        ->per_sample(logits, targets, 0);
  };
  const at::Tensor plain = loss_per_sample("cross_entropy", 0, logits, labels);
  const at::Tensor loss = weighted("cross_entropy", labels);
  for (int64_t i = 0; i < 4; ++i) {
    const double weight = weights[labels[i].item<int64_t>()].item<double>();
    CHECK(loss[i].item<double>() == Approx(weight * plain[i].item<double>()).epsilon(1e-5));
  }
  // Shared targets: each label by its share.
  const at::Tensor shares = at::one_hot(labels, 3).to(at::kFloat);
  CHECK(weighted("cross_entropy", shares).allclose(loss, 1e-5, 1e-6));
  CHECK(weighted("bce", shares).allclose(weighted("bce", labels), 1e-5, 1e-6));
  CHECK_FALSE(weighted("bce", labels).allclose(loss_per_sample("bce", 0, logits, labels)));
}
