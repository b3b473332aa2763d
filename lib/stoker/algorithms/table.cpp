#include "stoker/algorithms/table.h"

#include "stoker/algorithms/ema.h"
#include "stoker/algorithms/mixing.h"
#include "stoker/algorithms/noise_scale.h"

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
  };
  return table;
}

}  // namespace stoker::algorithms
