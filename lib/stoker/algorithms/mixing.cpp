#include "stoker/algorithms/mixing.h"

#include <ATen/ops/roll.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "stoker/algorithms/mixing_base.h"

namespace stoker::algorithms {
namespace {

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

}  // namespace

std::span<const std::string_view> enum_names(MixPer) {
  static constexpr std::string_view kNames[] = {"batch", "pair"};
  return kNames;
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
