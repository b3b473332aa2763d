#include "stoker/zoo/torchvision.h"

#include <algorithm>

namespace stoker::zoo {
namespace {

constexpr std::string_view kVit = "torchvision's ViT", kSwin = "torchvision's Swin",
                           kConvNext = "torchvision's ConvNeXt", kRegNet = "torchvision's RegNet",
                           kEfficientNet = "torchvision's EfficientNet",
                           kMobileNetV2 = "torchvision's MobileNetV2", kVgg = "torchvision's VGG";

constexpr TorchvisionNetwork kNetworks[] = {
    {"resnet18", "resnet18", ""},
    {"resnet34", "resnet34", ""},
    {"resnet50", "resnet50", ""},
    {"resnet101", "resnet101", ""},
    {"resnet152", "resnet152", ""},
    {"wide_resnet50_2", "wide_resnet50_2", ""},
    {"wide_resnet101_2", "wide_resnet101_2", ""},
    {"resnext50_32x4d", "resnext50_32x4d", ""},
    {"resnext101_32x8d", "resnext101_32x8d", ""},
    {"resnext101_64x4d", "resnext101_64x4d", ""},
    {"densenet121", "densenet121", ""},
    {"densenet161", "densenet161", ""},
    {"densenet169", "densenet169", ""},
    {"densenet201", "densenet201", ""},
    {"alexnet", "alexnet", ""},
    {"squeezenet1_0", "squeezenet1_0", ""},
    {"squeezenet1_1", "squeezenet1_1", ""},
    {"shufflenet_v2_x0_5", "shufflenet_v2_x0_5", ""},
    {"shufflenet_v2_x1_0", "shufflenet_v2_x1_0", ""},
    {"shufflenet_v2_x1_5", "shufflenet_v2_x1_5", ""},
    {"shufflenet_v2_x2_0", "shufflenet_v2_x2_0", ""},
    {"vgg11", "vgg11", kVgg},
    {"vgg11_bn", "vgg11_bn", kVgg},
    {"vgg13", "vgg13", kVgg},
    {"vgg13_bn", "vgg13_bn", kVgg},
    {"vgg16", "vgg16", kVgg},
    {"vgg16_bn", "vgg16_bn", kVgg},
    {"vgg19", "vgg19", kVgg},
    {"vgg19_bn", "vgg19_bn", kVgg},
    {"mobilenetv2_100", "mobilenet_v2", kMobileNetV2},
    {"efficientnet_b0", "efficientnet_b0", kEfficientNet},
    {"efficientnet_b1", "efficientnet_b1", kEfficientNet},
    {"efficientnet_b2", "efficientnet_b2", kEfficientNet},
    {"efficientnet_b3", "efficientnet_b3", kEfficientNet},
    {"efficientnet_b4", "efficientnet_b4", kEfficientNet},
    {"regnetx_008", "regnet_x_800mf", kRegNet},
    {"regnetx_016", "regnet_x_1_6gf", kRegNet},
    {"regnetx_032", "regnet_x_3_2gf", kRegNet},
    {"regnety_004", "regnet_y_400mf", kRegNet},
    {"regnety_016", "regnet_y_1_6gf", kRegNet},
    {"regnety_032", "regnet_y_3_2gf", kRegNet},
    {"convnext_tiny", "convnext_tiny", kConvNext},
    {"convnext_small", "convnext_small", kConvNext},
    {"convnext_base", "convnext_base", kConvNext},
    {"convnext_large", "convnext_large", kConvNext},
    {"vit_base_patch16_224", "vit_b_16", kVit},
    {"vit_base_patch32_224", "vit_b_32", kVit},
    {"vit_large_patch16_224", "vit_l_16", kVit},
    {"vit_large_patch32_224", "vit_l_32", kVit},
    {"vit_b_16", "vit_b_16", kVit},
    {"vit_b_32", "vit_b_32", kVit},
    {"vit_l_16", "vit_l_16", kVit},
    {"vit_l_32", "vit_l_32", kVit},
    {"swin_tiny_patch4_window7_224", "swin_t", kSwin},
    {"swin_small_patch4_window7_224", "swin_s", kSwin},
    {"swin_base_patch4_window7_224", "swin_b", kSwin},
    {"swin_t", "swin_t", kSwin},
    {"swin_s", "swin_s", kSwin},
    {"swin_b", "swin_b", kSwin},
};

}  // namespace

std::span<const TorchvisionNetwork> torchvision_networks() { return kNetworks; }

const TorchvisionNetwork* torchvision_network(std::string_view row) {
  const auto* found = std::find_if(std::begin(kNetworks), std::end(kNetworks),
                                   [row](const TorchvisionNetwork& n) { return n.row == row; });
  return found == std::end(kNetworks) ? nullptr : found;
}

}  // namespace stoker::zoo
