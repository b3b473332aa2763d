// The rows of each family of networks, one file a family.
#pragma once

#include "stoker/models/model.h"

namespace stoker::models {

ModelTable::Rows mobilenet_rows();     // V2, V3 and V4
ModelTable::Rows efficientnet_rows();  // and V2
ModelTable::Rows mnasnet_rows();
ModelTable::Rows regnet_rows();
ModelTable::Rows ghostnet_rows();
ModelTable::Rows repvgg_rows();
ModelTable::Rows shufflenet_rows();
ModelTable::Rows squeezenet_rows();
ModelTable::Rows alexnet_rows();
ModelTable::Rows vgg_rows();
ModelTable::Rows densenet_rows();
ModelTable::Rows inception_rows();
ModelTable::Rows dla_rows();
ModelTable::Rows nfnet_rows();
ModelTable::Rows maxvit_rows();
ModelTable::Rows cifar_resnet_rows();

}  // namespace stoker::models
