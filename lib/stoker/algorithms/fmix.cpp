#include "stoker/algorithms/fmix.h"

#include <ATen/ops/complex.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fft_irfft2.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "stoker/algorithms/mixing_base.h"

namespace stoker::algorithms {
namespace {

// Cycles a pixel of the i-th of n coefficients, as fftfreq counts them.
double frequency(int64_t i, int64_t n) {
  const int64_t cycles = i < (n + 1) / 2 ? i : i - n;
  return static_cast<double>(cycles) / static_cast<double>(n);
}

at::Tensor smooth_noise(int64_t height, int64_t width, double decay, RandomStream& random) {
  const int64_t half = width / 2 + 1;
  const double lowest = 1.0 / static_cast<double>(std::max(height, width));
  const at::Tensor real = at::empty({height, half}, at::kDouble);
  const at::Tensor imaginary = at::empty({height, half}, at::kDouble);
  double* re = real.mutable_data_ptr<double>();
  double* im = imaginary.mutable_data_ptr<double>();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < half; ++x) {
      const double f =
          std::hypot(frequency(y, height), static_cast<double>(x) / static_cast<double>(width));
      const double scale = std::pow(std::max(f, lowest), -decay);
      *re++ = scale * static_cast<double>(random.normal());
      *im++ = scale * static_cast<double>(random.normal());
    }
  }
  return at::fft_irfft2(at::complex(real, imaginary), at::IntArrayRef{height, width});
}

class Fmix : public Mixing {
 public:
  explicit Fmix(const FmixOptions& o) : Mixing(o.alpha, o.probability, o.per), decay_(o.decay) {}
  std::string name() const override { return "fmix"; }

 protected:
  uint32_t stream() const override { return 2; }
  Mixed mix(const at::Tensor& images, RandomStream& random) const override {
    const int64_t n = images.size(0), height = images.size(2), width = images.size(3);
    std::vector<float> shares = draw_shares(n, random);
    const size_t drawn = per() == MixPer::kBatch ? 1 : shares.size();
    std::vector<at::Tensor> masks;
    for (size_t i = 0; i < drawn; ++i) {
      const at::Tensor mask = fmix_mask(height, width, shares[i], decay_, random);
      shares[i] = static_cast<float>(mask.sum().item<double>() / static_cast<double>(mask.numel()));
      masks.push_back(mask);
    }
    if (drawn == 1) std::fill(shares.begin(), shares.end(), shares[0]);
    const at::Tensor own = at::stack(masks).unsqueeze(1).to(images.device(), /*dtype=*/at::kBool,
                                                            /*non_blocking=*/true);
    return {at::where(own, images, at::roll(images, 1, 0)), std::move(shares)};
  }

 private:
  double decay_;
};

}  // namespace

at::Tensor fmix_mask(int64_t height, int64_t width, double kept, double decay,
                     RandomStream& random) {
  const at::Tensor noise = smooth_noise(height, width, decay, random).contiguous();
  const double* value = noise.const_data_ptr<double>();
  const int64_t pixels = height * width;
  const auto own = std::clamp<int64_t>(std::llround(kept * static_cast<double>(pixels)), 0, pixels);
  std::vector<int64_t> order(static_cast<size_t>(pixels));
  for (int64_t i = 0; i < pixels; ++i) order[static_cast<size_t>(i)] = i;
  const auto is_higher = [value](int64_t a, int64_t b) {
    return value[a] != value[b] ? value[a] > value[b] : a < b;
  };
  std::nth_element(order.begin(), order.begin() + own, order.end(), is_higher);
  at::Tensor mask = at::zeros({height, width}, at::kBool);
  bool* is_own = mask.mutable_data_ptr<bool>();
  for (int64_t i = 0; i < own; ++i) is_own[order[static_cast<size_t>(i)]] = true;
  return mask;
}

void describe(FmixOptions& o, config::Fields& fields) {
  describe_mix(o, fields);
  fields("decay", o.decay,
         "power of the frequency by which the noise behind a mask falls; higher: larger pieces")
      .in(0, 10);
}

std::unique_ptr<train::Algorithm> make_fmix(const FmixOptions& options, train::State&) {
  return std::make_unique<Fmix>(options);
}

}  // namespace stoker::algorithms
