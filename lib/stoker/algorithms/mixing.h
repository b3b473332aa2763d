// mixup and cutmix: two images of a micro-batch become one, and its target is their share of both.
//
//   mixup:  image = l a + (1 - l) b                      (Zhang et al., "mixup", ICLR 2018)
//   cutmix: a box of b pasted into a; l is what a keeps  (Yun et al., "CutMix", ICCV 2019)
//
// l is drawn from Beta(alpha, alpha), for the micro-batch or for each pair. The partner of an image
// is the one before it in the micro-batch, whose order is random already. Where both are listed,
// the second takes the micro-batches that the first left alone. Draws are a function of (seed,
// step, micro-batch), so a resumed run mixes the same images; another micro-batch size mixes
// others.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "stoker/config/fields.h"
#include "stoker/core/random.h"
#include "stoker/train/events.h"

namespace stoker::algorithms {

enum class MixPer { kBatch, kPair };
std::span<const std::string_view> enum_names(MixPer);  // batch, pair

struct MixupOptions {
  double alpha = 0.2;
  double probability = 1;
  MixPer per = MixPer::kBatch;
};
void describe(MixupOptions& options, config::Fields& fields);
std::unique_ptr<train::Algorithm> make_mixup(const MixupOptions& options, train::State& state);

struct CutmixOptions {
  double alpha = 1;
  double probability = 1;
  MixPer per = MixPer::kBatch;
};
void describe(CutmixOptions& options, config::Fields& fields);
std::unique_ptr<train::Algorithm> make_cutmix(const CutmixOptions& options, train::State& state);

// Of Beta(alpha, alpha), alpha above 0.
double draw_beta(double alpha, RandomStream& random);

}  // namespace stoker::algorithms
