#include "stoker/algorithms/mixing_base.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/tensor.h>

#include <cmath>

namespace stoker::algorithms {
namespace {

// Of Gamma(shape, 1): Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM
// TOMS 2000; shapes below 1 by the boost of its section 6.
double draw_gamma(double shape, RandomStream& random) {
  if (shape < 1) {
    const double u = 1.0 - random.uniform();  // in (0, 1]
    return draw_gamma(shape + 1, random) * std::pow(u, 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal();
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    const double u = 1.0 - random.uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace

double draw_beta(double alpha, RandomStream& random) {
  const double a = draw_gamma(alpha, random), b = draw_gamma(alpha, random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

void Mixing::apply(train::Event event, train::Context& context) {
  if (event != train::Event::kBatchReady) return;
  train::MicroBatch& batch = *context.batch;
  const train::RunFacts& facts = context.state.facts;
  if (batch.is_mixed || batch.images.size(0) < 2) return;
  const at::NoGradGuard no_grad;
  // A step has fewer than 2^16 micro-batches.
  const auto position = (static_cast<uint64_t>(context.state.position.step) << 16) |
                        static_cast<uint64_t>(batch.number);
  RandomStream random({facts.seed, stream(), position}, Purpose::kMix);
  if (!random.coin(probability_)) return;
  const Mixed mixed = mix(batch.images, random);
  const auto n = static_cast<int64_t>(mixed.kept.size());
  const at::Tensor kept =
      at::tensor(mixed.kept).to(batch.images.device(), /*non_blocking=*/true).view({n, 1});
  const at::Tensor labels = batch.targets.defined()
                                ? batch.targets
                                : at::one_hot(batch.labels, facts.context.classes).to(at::kFloat);
  batch.targets = labels * kept + at::roll(labels, 1, 0) * (1 - kept);
  batch.images = mixed.images;
  batch.is_mixed = true;
}

std::vector<float> Mixing::draw_shares(int64_t images, RandomStream& random) const {
  std::vector<float> shares(static_cast<size_t>(images));
  for (size_t i = 0; i < shares.size(); ++i)
    shares[i] =
        i == 0 || per_ == MixPer::kPair ? static_cast<float>(draw_beta(alpha_, random)) : shares[0];
  return shares;
}
}  // namespace stoker::algorithms
