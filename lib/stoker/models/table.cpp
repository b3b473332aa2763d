#include "stoker/models/airbench.h"
#include "stoker/models/convmixer.h"
#include "stoker/models/convnext.h"
#include "stoker/models/families.h"
#include "stoker/models/mixer.h"
#include "stoker/models/mlp.h"
#include "stoker/models/model.h"
#include "stoker/models/resnet.h"
#include "stoker/models/swin.h"
#include "stoker/models/vit.h"

namespace stoker::models {

ModelTable::Row torchscript_row();  // torchscript.cpp

const ModelTable& models() {
  static const ModelTable table(
      ModelTable::joined({
          airbench_rows(),
          {
              ModelTable::row<MlpOptions>("mlp", "multilayer perceptron on flattened images",
                                          build_mlp),
          },
          resnet_rows(),
          cifar_resnet_rows(),
          mobilenet_rows(),
          efficientnet_rows(),
          mnasnet_rows(),
          regnet_rows(),
          ghostnet_rows(),
          repvgg_rows(),
          shufflenet_rows(),
          squeezenet_rows(),
          alexnet_rows(),
          vgg_rows(),
          densenet_rows(),
          inception_rows(),
          dla_rows(),
          nfnet_rows(),
          vit_rows(),
          convnext_rows(),
          swin_rows(),
          maxvit_rows(),
          mixer_rows(),
          convmixer_rows(),
          {torchscript_row()},
      }),
      config::common<TransferOptions>());
  return table;
}

}  // namespace stoker::models
