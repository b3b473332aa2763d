// What algorithms that mix two images have in common: when to mix, how often to draw, the targets.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "stoker/algorithms/mixing.h"

namespace stoker::algorithms {

struct Mixed {
  at::Tensor images;
  std::vector<float> kept;  // share of the image itself, by image
};

class Mixing : public train::Algorithm {
 public:
  Mixing(double alpha, double probability, MixPer per)
      : alpha_(alpha), probability_(static_cast<float>(probability)), per_(per) {}

  void apply(train::Event event, train::Context& context) override;

 protected:
  // Keeps the draws of several apart where they are listed together.
  virtual uint32_t stream() const = 0;
  virtual Mixed mix(const at::Tensor& images, RandomStream& random) const = 0;

  // The shares of all images: one for each, or the same.
  std::vector<float> draw_shares(int64_t images, RandomStream& random) const;
  MixPer per() const { return per_; }

 private:
  double alpha_;
  float probability_;
  MixPer per_;
};

template <class Options>
void describe_mix(Options& o, config::Fields& fields) {
  fields("alpha", o.alpha, "shares are drawn from Beta(alpha, alpha): 1 is even, less is milder")
      .above(0)
      .at_most(100);
  fields("probability", o.probability, "of mixing a micro-batch").in(0, 1);
  fields("per", o.per, "one share for the micro-batch, or one for each pair of images");
}

}  // namespace stoker::algorithms
