#include "stoker/algorithms/table.h"

#include "stoker/algorithms/ema.h"
#include "stoker/algorithms/mixing.h"
#include "stoker/algorithms/noise_scale.h"
#include "stoker/algorithms/sam.h"

namespace stoker::algorithms {

const AlgorithmTable& algorithms() {
  static const AlgorithmTable table{
      AlgorithmTable::row<EmaOptions>(
          "ema", "evaluate and save an exponential moving average of the weights", make_ema),
      AlgorithmTable::row<MixupOptions>("mixup", "blend pairs of images, and their targets",
                                        make_mixup),
      AlgorithmTable::row<CutmixOptions>(
          "cutmix", "paste a box of one image into another, and share the target", make_cutmix),
      AlgorithmTable::row<NoiseScaleOptions>(
          "noise_scale",
          "measure the gradient noise scale, the batch beyond which more images stop paying",
          make_noise_scale),
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
