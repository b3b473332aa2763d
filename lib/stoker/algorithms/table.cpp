#include "stoker/algorithms/table.h"

#include "stoker/algorithms/ema.h"
#include "stoker/algorithms/fmix.h"
#include "stoker/algorithms/mixing.h"
#include "stoker/algorithms/noise_scale.h"
#include "stoker/algorithms/sam.h"
#include "stoker/algorithms/swa.h"
#include "stoker/algorithms/unfreezing.h"

namespace stoker::algorithms {

namespace {

// Most algorithms need the state alone.
template <class Options>
auto of_state(std::unique_ptr<train::Algorithm> (*make)(const Options&, train::State&)) {
  return [make](const Options& options, const AlgorithmContext& context) {
    return make(options, context.state);
  };
}

std::unique_ptr<train::Algorithm> swa_of(const SwaOptions& options,
                                         const AlgorithmContext& context) {
  return make_swa(options, context.state, context.train, context.precision);
}

std::unique_ptr<train::Algorithm> distillation_of(const DistillationOptions& options,
                                                  const AlgorithmContext& context) {
  return make_distillation(options, context.teacher, context.precision);
}

}  // namespace

const AlgorithmTable& algorithms() {
  static const AlgorithmTable table{
      AlgorithmTable::row<EmaOptions>(
          "ema", "evaluate and save an exponential moving average of the weights",
          of_state(make_ema)),
      AlgorithmTable::row<SwaOptions>(
          "swa", "evaluate and save the mean of the weights of the last epochs", swa_of),
      AlgorithmTable::row<MixupOptions>("mixup", "blend pairs of images, and their targets",
                                        of_state(make_mixup)),
      AlgorithmTable::row<CutmixOptions>(
          "cutmix", "paste a box of one image into another, and share the target",
          of_state(make_cutmix)),
      AlgorithmTable::row<FmixOptions>(
          "fmix", "put two images together along a random shape, and share the target",
          of_state(make_fmix)),
      AlgorithmTable::row<DistillationOptions>(
          "distillation", "learn from what another network says of the images", distillation_of),
      AlgorithmTable::row<UnfreezingOptions>(
          "unfreezing", "let the classifier learn alone at first, then the layers below it",
          of_state(make_unfreezing)),
      AlgorithmTable::row<NoiseScaleOptions>(
          "noise_scale",
          "measure the gradient noise scale, the batch beyond which more images stop paying",
          of_state(make_noise_scale)),
      AlgorithmTable::row<SamOptions>(
          "sam", "take gradients where the loss nearby is worst, in two passes a step",
          [](const SamOptions& options, const auto&) { return make_sam(options); }),
      AlgorithmTable::row<AsamOptions>(
          "asam", "sam by each weight's own measure",
          [](const AsamOptions& options, const auto&) { return make_asam(options); }),
  };
  return table;
}

}  // namespace stoker::algorithms
