#include "stoker/models/airbench.h"
#include "stoker/models/convmixer.h"
#include "stoker/models/convnext.h"
#include "stoker/models/mixer.h"
#include "stoker/models/mlp.h"
#include "stoker/models/model.h"
#include "stoker/models/resnet.h"
#include "stoker/models/swin.h"
#include "stoker/models/vit.h"

namespace stoker::models {

ModelTable::Row torchscript_row();  // torchscript.cpp

const ModelTable& models() {
  const auto resnet = [](std::string_view name, std::string_view help, const ResnetOptions& row) {
    return ModelTable::row<ResnetOptions>(name, help, build_resnet, row);
  };
  static const ModelTable table{
      ModelTable::joined(
          {{
               ModelTable::row<AirbenchOptions>(
                   "airbench", "small network for 32x32 images that trains in seconds on a GPU",
                   build_airbench),
               ModelTable::row<MlpOptions>("mlp", "multilayer perceptron on flattened images",
                                           build_mlp),
               resnet("resnet18", "residual network of 18 layers", {.depth = 18}),
               resnet("resnet34", "residual network of 34 layers", {.depth = 34}),
               resnet("resnet50", "residual network of 50 layers with bottlenecks", {.depth = 50}),
               resnet("resnet101", "residual network of 101 layers with bottlenecks",
                      {.depth = 101}),
               resnet("resnet152", "residual network of 152 layers with bottlenecks",
                      {.depth = 152}),
               resnet("wide_resnet50_2", "resnet50 with bottlenecks twice as wide",
                      {.depth = 50, .group_width = 128}),
               resnet("resnext50_32x4d", "resnet50 with 32 groups of 4 channels in the bottlenecks",
                      {.depth = 50, .groups = 32, .group_width = 4}),
               torchscript_row(),
           },
           vit_rows(),
           convnext_rows(),
           swin_rows(),
           mixer_rows(),
           convmixer_rows()}),
      config::common<TransferOptions>()};
  return table;
}

}  // namespace stoker::models
