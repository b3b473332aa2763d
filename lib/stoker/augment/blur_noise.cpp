// gaussian_blur, gaussian_noise, salt_and_pepper.
#include <cmath>
#include <optional>

#include "stoker/augment/range.h"
#include "stoker/augment/rows.h"
#include "stoker/core/error.h"

namespace stoker::augment {
namespace {

using kernels::OpKind;

constexpr double kLeastSigma = 0.01, kMostSigma = 50;
constexpr int64_t kMostKernel = 255;

struct GaussianBlurOptions {
  std::vector<double> sigma = {0.1, 2.0};
  std::optional<int64_t> kernel_size;
  double probability = 0.5;
};

void describe(GaussianBlurOptions& o, config::Fields& fields) {
  fields("sigma", o.sigma, "pixels, or [low, high] to draw from").in(kLeastSigma, kMostSigma);
  fields("kernel_size", o.kernel_size, "side of the kernel, odd; auto: 6 times the largest sigma")
      .in(1, kMostKernel);
  fields("probability", o.probability, "of blurring an image").in(0, 1);
}

int64_t kernel_size_of(const GaussianBlurOptions& o, double largest_sigma) {
  if (!o.kernel_size)
    return std::min<int64_t>(2 * std::llround(std::ceil(3 * largest_sigma)) + 1, kMostKernel);
  if (*o.kernel_size % 2 == 0)
    throw ConfigError(fmt::format(
        "augment: gaussian_blur: kernel_size is {}, expected an odd number: the kernel has a "
        "middle.",
        *o.kernel_size));
  return *o.kernel_size;
}

class GaussianBlur : public ImageStep {
 public:
  explicit GaussianBlur(const GaussianBlurOptions& o)
      : sigma_(o.sigma.size() == 1
                   ? range_of({o.sigma[0], o.sigma[0]}, "gaussian_blur", "sigma", kLimits)
                   : range_of(o.sigma, "gaussian_blur", "sigma", kLimits)),
        kernel_size_(static_cast<float>(kernel_size_of(o, sigma_.high))),
        probability_(static_cast<float>(o.probability)) {}

  int most_ops() const override { return 1; }
  void append(Size, RandomStream& random, kernels::Program& program) const override {
    if (!random.coin(probability_)) return;
    program.add({OpKind::kGaussianBlur, {static_cast<float>(sigma_.draw(random)), kernel_size_}});
  }

 private:
  static constexpr RangeLimits kLimits{kLeastSigma, kMostSigma, 0};
  Range sigma_;
  float kernel_size_;
  float probability_;
};

struct GaussianNoiseOptions {
  std::vector<double> sigma = {0.1};
  double probability = 0.5;
};

void describe(GaussianNoiseOptions& o, config::Fields& fields) {
  fields("sigma", o.sigma, "standard deviation for values of 0 to 1, or [low, high] to draw from")
      .in(0, 1);
  fields("probability", o.probability, "of adding noise to an image").in(0, 1);
}

class GaussianNoise : public ImageStep {
 public:
  explicit GaussianNoise(const GaussianNoiseOptions& o)
      : sigma_(o.sigma.size() == 1
                   ? range_of({o.sigma[0], o.sigma[0]}, "gaussian_noise", "sigma", {0, 1, 0})
                   : range_of(o.sigma, "gaussian_noise", "sigma", {0, 1, 0})),
        probability_(static_cast<float>(o.probability)) {}

  int most_ops() const override { return 1; }
  void append(Size, RandomStream& random, kernels::Program& program) const override {
    if (!random.coin(probability_)) return;
    program.add({OpKind::kGaussianNoise, {static_cast<float>(255 * sigma_.draw(random))}});
  }

 private:
  Range sigma_;
  float probability_;
};

struct SaltAndPepperOptions {
  double amount = 0.02;
  double probability = 0.5;
};

void describe(SaltAndPepperOptions& o, config::Fields& fields) {
  fields("amount", o.amount, "share of the pixels, half of them black and half white").in(0, 1);
  fields("probability", o.probability, "of changing an image").in(0, 1);
}

class SaltAndPepper : public ImageStep {
 public:
  explicit SaltAndPepper(const SaltAndPepperOptions& o)
      : amount_(static_cast<float>(o.amount)), probability_(static_cast<float>(o.probability)) {}

  int most_ops() const override { return 1; }
  void append(Size, RandomStream& random, kernels::Program& program) const override {
    if (random.coin(probability_)) program.add({OpKind::kSaltAndPepper, {amount_}});
  }

 private:
  float amount_;
  float probability_;
};

}  // namespace

StepTable::Row gaussian_blur_row() {
  return row_of<GaussianBlur, GaussianBlurOptions>("gaussian_blur", "blurred by a random amount");
}

StepTable::Row gaussian_noise_row() {
  return row_of<GaussianNoise, GaussianNoiseOptions>("gaussian_noise",
                                                     "normal noise on every value");
}

StepTable::Row salt_and_pepper_row() {
  return row_of<SaltAndPepper, SaltAndPepperOptions>("salt_and_pepper",
                                                     "some pixels black, some white");
}

}  // namespace stoker::augment
