#include "stoker/algorithms/mixing.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace stoker::algorithms {
namespace {

using train::Event;

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

struct Mixed {
  at::Tensor images;
  std::vector<float> kept;  // share of the image itself, by image
};

// What the two have in common: when to mix, how often to draw, and the targets.
class Mixing : public train::Algorithm {
 public:
  Mixing(double alpha, double probability, MixPer per)
      : alpha_(alpha), probability_(static_cast<float>(probability)), per_(per) {}

  void apply(Event event, train::Context& context) override {
    if (event != Event::kBatchReady) return;
    train::MicroBatch& batch = *context.batch;
    const train::RunFacts& facts = context.state.facts;
    if (batch.targets.defined() || batch.images.size(0) < 2) return;
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
    const at::Tensor labels = at::one_hot(batch.labels, facts.context.classes).to(at::kFloat);
    batch.targets = labels * kept + at::roll(labels, 1, 0) * (1 - kept);
    batch.images = mixed.images;
  }

 protected:
  // Keeps the draws of the two apart where both are listed.
  virtual uint32_t stream() const = 0;
  virtual Mixed mix(const at::Tensor& images, RandomStream& random) const = 0;

  // The shares of all images: one for each, or the same.
  std::vector<float> draw_shares(int64_t images, RandomStream& random) const {
    std::vector<float> shares(static_cast<size_t>(images));
    for (size_t i = 0; i < shares.size(); ++i)
      shares[i] = i == 0 || per_ == MixPer::kPair ? static_cast<float>(draw_beta(alpha_, random))
                                                  : shares[0];
    return shares;
  }
  MixPer per() const { return per_; }

 private:
  double alpha_;
  float probability_;
  MixPer per_;
};

class Mixup : public Mixing {
 public:
  explicit Mixup(const MixupOptions& o) : Mixing(o.alpha, o.probability, o.per) {}
  std::string name() const override { return "mixup"; }

 protected:
  uint32_t stream() const override { return 0; }
  Mixed mix(const at::Tensor& images, RandomStream& random) const override {
    std::vector<float> shares = draw_shares(images.size(0), random);
    const at::Tensor kept = at::tensor(shares)
                                .to(images.device(), images.scalar_type(), /*non_blocking=*/true)
                                .view({images.size(0), 1, 1, 1});
    at::Tensor mixed = images * kept;
    mixed.addcmul_(at::roll(images, 1, 0), 1 - kept);
    return {mixed, std::move(shares)};
  }
};

struct Box {
  int64_t x0, x1, y0, y1;
};

class Cutmix : public Mixing {
 public:
  explicit Cutmix(const CutmixOptions& o) : Mixing(o.alpha, o.probability, o.per) {}
  std::string name() const override { return "cutmix"; }

 protected:
  uint32_t stream() const override { return 1; }
  Mixed mix(const at::Tensor& images, RandomStream& random) const override {
    const int64_t n = images.size(0), height = images.size(2), width = images.size(3);
    std::vector<float> shares = draw_shares(n, random);
    at::Tensor mixed = images.clone();
    const at::Tensor partners = at::roll(images, 1, 0);
    const bool all = per() == MixPer::kBatch;
    for (int64_t i = 0; i < (all ? 1 : n); ++i) {
      const Box box = draw_box(shares[static_cast<size_t>(i)], width, height, random);
      const auto part = [&](const at::Tensor& of) {
        return of.narrow(0, i, all ? n : 1)
            .narrow(2, box.y0, box.y1 - box.y0)
            .narrow(3, box.x0, box.x1 - box.x0);
      };
      part(mixed).copy_(part(partners));
      const auto pasted = static_cast<double>((box.x1 - box.x0) * (box.y1 - box.y0));
      shares[static_cast<size_t>(i)] =
          static_cast<float>(1 - pasted / static_cast<double>(width * height));
    }
    if (all) std::fill(shares.begin(), shares.end(), shares[0]);
    return {mixed, std::move(shares)};
  }

 private:
  // Of the area that is not kept, around any pixel, cut at the edges.
  static Box draw_box(float kept, int64_t width, int64_t height, RandomStream& random) {
    const double half = 0.5 * std::sqrt(1.0 - static_cast<double>(kept));
    const auto side = [&random, half](int64_t size) {
      const auto middle = static_cast<int64_t>(random.below(static_cast<uint32_t>(size)));
      const auto reach = static_cast<int64_t>(half * static_cast<double>(size));
      return std::pair(std::max<int64_t>(middle - reach, 0), std::min(middle + reach, size));
    };
    const auto [x0, x1] = side(width);
    const auto [y0, y1] = side(height);
    return {x0, x1, y0, y1};
  }
};

template <class Options>
void describe_mix(Options& o, config::Fields& fields) {
  fields("alpha", o.alpha, "shares are drawn from Beta(alpha, alpha): 1 is even, less is milder")
      .above(0)
      .at_most(100);
  fields("probability", o.probability, "of mixing a micro-batch").in(0, 1);
  fields("per", o.per, "one share for the micro-batch, or one for each pair of images");
}

}  // namespace

std::span<const std::string_view> enum_names(MixPer) {
  static constexpr std::string_view kNames[] = {"batch", "pair"};
  return kNames;
}

double draw_beta(double alpha, RandomStream& random) {
  const double a = draw_gamma(alpha, random), b = draw_gamma(alpha, random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

void describe(MixupOptions& o, config::Fields& fields) { describe_mix(o, fields); }
void describe(CutmixOptions& o, config::Fields& fields) { describe_mix(o, fields); }

std::unique_ptr<train::Algorithm> make_mixup(const MixupOptions& options, train::State&) {
  return std::make_unique<Mixup>(options);
}

std::unique_ptr<train::Algorithm> make_cutmix(const CutmixOptions& options, train::State&) {
  return std::make_unique<Cutmix>(options);
}

}  // namespace stoker::algorithms
