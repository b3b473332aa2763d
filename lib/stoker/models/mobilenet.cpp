// MobileNetV2 (Sandler et al., 2018), V3 (Howard et al., 2019) and V4 (Qin et al., 2024).
#include "stoker/models/families.h"
#include "stoker/models/mobile_network.h"

namespace stoker::models {
namespace {

using Head = MobileArchitecture::Head;

constexpr std::string_view kV2 =
    "ds_r1_k3_s1_c16 | ir_r2_k3_s2_e6_c24 | ir_r3_k3_s2_e6_c32 | ir_r4_k3_s2_e6_c64 | "
    "ir_r3_k3_s1_e6_c96 | ir_r3_k3_s2_e6_c160 | ir_r1_k3_s1_e6_c320";
constexpr std::string_view kV3Large =
    "ds_r1_k3_s1_e1_c16_nre | ir_r1_k3_s2_e4_c24_nre ir_r1_k3_s1_e3_c24_nre | "
    "ir_r3_k5_s2_e3_c40_se0.25_nre | "
    "ir_r1_k3_s2_e6_c80 ir_r1_k3_s1_e2.5_c80 ir_r2_k3_s1_e2.3_c80 | ir_r2_k3_s1_e6_c112_se0.25 | "
    "ir_r3_k5_s2_e6_c160_se0.25 | cn_r1_k1_s1_c960";
constexpr std::string_view kV3Small =
    "ds_r1_k3_s2_e1_c16_se0.25_nre | ir_r1_k3_s2_e4.5_c24_nre ir_r1_k3_s1_e3.67_c24_nre | "
    "ir_r1_k5_s2_e4_c40_se0.25 ir_r2_k5_s1_e6_c40_se0.25 | ir_r2_k5_s1_e3_c48_se0.25 | "
    "ir_r3_k5_s2_e6_c96_se0.25 | cn_r1_k1_s1_c576";
constexpr std::string_view kV4Small =
    "cn_r1_k3_s2_e1_c32 cn_r1_k1_s1_e1_c32 | cn_r1_k3_s2_e1_c96 cn_r1_k1_s1_e1_c64 | "
    "uir_r1_a5_k5_s2_e3_c96 uir_r4_a0_k3_s1_e2_c96 uir_r1_a3_k0_s1_e4_c96 | "
    "uir_r1_a3_k3_s2_e6_c128 uir_r1_a5_k5_s1_e4_c128 uir_r1_a0_k5_s1_e4_c128 "
    "uir_r1_a0_k5_s1_e3_c128 uir_r2_a0_k3_s1_e4_c128 | cn_r1_k1_s1_c960";
constexpr std::string_view kV4Medium =
    "er_r1_k3_s2_e4_c48 | uir_r1_a3_k5_s2_e4_c80 uir_r1_a3_k3_s1_e2_c80 | "
    "uir_r1_a3_k5_s2_e6_c160 uir_r2_a3_k3_s1_e4_c160 uir_r1_a3_k5_s1_e4_c160 "
    "uir_r1_a3_k3_s1_e4_c160 uir_r1_a3_k0_s1_e4_c160 uir_r1_a0_k0_s1_e2_c160 "
    "uir_r1_a3_k0_s1_e4_c160 | "
    "uir_r1_a5_k5_s2_e6_c256 uir_r1_a5_k5_s1_e4_c256 uir_r2_a3_k5_s1_e4_c256 "
    "uir_r1_a0_k0_s1_e4_c256 uir_r1_a3_k0_s1_e4_c256 uir_r1_a3_k5_s1_e2_c256 "
    "uir_r1_a5_k5_s1_e4_c256 uir_r2_a0_k0_s1_e4_c256 uir_r1_a5_k0_s1_e2_c256 | cn_r1_k1_s1_c960";
constexpr std::string_view kV4Large =
    "er_r1_k3_s2_e4_c48 | uir_r1_a3_k5_s2_e4_c96 uir_r1_a3_k3_s1_e4_c96 | "
    "uir_r1_a3_k5_s2_e4_c192 uir_r3_a3_k3_s1_e4_c192 uir_r1_a3_k5_s1_e4_c192 "
    "uir_r5_a5_k3_s1_e4_c192 uir_r1_a3_k0_s1_e4_c192 | "
    "uir_r4_a5_k5_s2_e4_c512 uir_r1_a5_k0_s1_e4_c512 uir_r1_a5_k3_s1_e4_c512 "
    "uir_r2_a5_k0_s1_e4_c512 uir_r1_a5_k3_s1_e4_c512 uir_r1_a5_k5_s1_e4_c512 "
    "uir_r3_a5_k0_s1_e4_c512 | cn_r1_k1_s1_c960";

constexpr std::string_view kHybridMedium =
    "er_r1_k3_s2_e4_c48 | uir_r1_a3_k5_s2_e4_c80 uir_r1_a3_k3_s1_e2_c80 | "
    "uir_r1_a3_k5_s2_e6_c160 uir_r1_a0_k0_s1_e2_c160 uir_r1_a3_k3_s1_e4_c160 "
    "uir_r1_a3_k5_s1_e4_c160 mqa_r1_k3_h4_s1_v2_d64_c160 uir_r1_a3_k3_s1_e4_c160 "
    "mqa_r1_k3_h4_s1_v2_d64_c160 uir_r1_a3_k0_s1_e4_c160 mqa_r1_k3_h4_s1_v2_d64_c160 "
    "uir_r1_a3_k3_s1_e4_c160 mqa_r1_k3_h4_s1_v2_d64_c160 uir_r1_a3_k0_s1_e4_c160 | "
    "uir_r1_a5_k5_s2_e6_c256 uir_r1_a5_k5_s1_e4_c256 uir_r2_a3_k5_s1_e4_c256 "
    "uir_r1_a0_k0_s1_e2_c256 uir_r1_a3_k5_s1_e2_c256 uir_r1_a0_k0_s1_e2_c256 "
    "uir_r1_a0_k0_s1_e4_c256 mqa_r1_k3_h4_s1_d64_c256 uir_r1_a3_k0_s1_e4_c256 "
    "mqa_r1_k3_h4_s1_d64_c256 uir_r1_a5_k5_s1_e4_c256 mqa_r1_k3_h4_s1_d64_c256 "
    "uir_r1_a5_k0_s1_e4_c256 mqa_r1_k3_h4_s1_d64_c256 uir_r1_a5_k0_s1_e4_c256 | cn_r1_k1_s1_c960";
constexpr std::string_view kHybridLarge =
    "er_r1_k3_s2_e4_c48 | uir_r1_a3_k5_s2_e4_c96 uir_r1_a3_k3_s1_e4_c96 | "
    "uir_r1_a3_k5_s2_e4_c192 uir_r3_a3_k3_s1_e4_c192 uir_r1_a3_k5_s1_e4_c192 "
    "uir_r2_a5_k3_s1_e4_c192 mqa_r1_k3_h8_s1_v2_d48_c192 uir_r1_a5_k3_s1_e4_c192 "
    "mqa_r1_k3_h8_s1_v2_d48_c192 uir_r1_a5_k3_s1_e4_c192 mqa_r1_k3_h8_s1_v2_d48_c192 "
    "uir_r1_a5_k3_s1_e4_c192 mqa_r1_k3_h8_s1_v2_d48_c192 uir_r1_a3_k0_s1_e4_c192 | "
    "uir_r4_a5_k5_s2_e4_c512 uir_r1_a5_k0_s1_e4_c512 uir_r1_a5_k3_s1_e4_c512 "
    "uir_r2_a5_k0_s1_e4_c512 uir_r1_a5_k3_s1_e4_c512 uir_r1_a5_k5_s1_e4_c512 "
    "mqa_r1_k3_h8_s1_d64_c512 uir_r1_a5_k0_s1_e4_c512 mqa_r1_k3_h8_s1_d64_c512 "
    "uir_r1_a5_k0_s1_e4_c512 mqa_r1_k3_h8_s1_d64_c512 uir_r1_a5_k0_s1_e4_c512 "
    "mqa_r1_k3_h8_s1_d64_c512 uir_r1_a5_k0_s1_e4_c512 | cn_r1_k1_s1_c960";

MobileArchitecture v2(double width) {
  return {.stages = kV2,
          .features = width > 1 ? round_channels(1280 * width) : 1280,
          .width = width,
          .style = {.activation = nn::Activation::kRelu6}};
}

MobileArchitecture v3(std::string_view stages, int64_t features, double width) {
  return {.stages = stages,
          .stem = 16,
          .features = features,
          .width = width,
          .style = {.activation = nn::Activation::kHardSwish,
                    .squeeze_gate = nn::Activation::kHardSigmoid,
                    .squeezes_expanded = true},
          .widens_stem = width >= 0.75,
          .head = Head::kBehindPool};
}

MobileArchitecture v4(std::string_view stages, int64_t stem) {
  return {.stages = stages, .stem = stem, .head = Head::kBehindPoolWithNorm};
}

MobileArchitecture hybrid(std::string_view stages, int64_t stem, nn::Activation activation) {
  MobileArchitecture architecture = v4(stages, stem);
  architecture.style.activation = activation;
  architecture.style.layer_scale = 1e-5;
  return architecture;
}

}  // namespace

ModelTable::Rows mobilenet_rows() {
  return {
      mobile_row("mobilenetv2_050", "MobileNetV2, half as wide", v2(0.5)),
      mobile_row("mobilenetv2_100", "MobileNetV2", v2(1.0)),
      mobile_row("mobilenetv2_140", "MobileNetV2, 1.4 times as wide", v2(1.4)),
      mobile_row("mobilenetv3_small_050", "MobileNetV3-Small, half as wide",
                 v3(kV3Small, 1024, 0.5)),
      mobile_row("mobilenetv3_small_075", "MobileNetV3-Small, three quarters as wide",
                 v3(kV3Small, 1024, 0.75)),
      mobile_row("mobilenetv3_small_100", "MobileNetV3-Small", v3(kV3Small, 1024, 1.0)),
      mobile_row("mobilenetv3_large_100", "MobileNetV3-Large", v3(kV3Large, 1280, 1.0)),
      mobile_row("mobilenetv4_conv_small", "MobileNetV4, small", v4(kV4Small, 32)),
      mobile_row("mobilenetv4_conv_medium", "MobileNetV4, medium", v4(kV4Medium, 32)),
      mobile_row("mobilenetv4_conv_large", "MobileNetV4, large", v4(kV4Large, 24)),
      mobile_row("mobilenetv4_hybrid_medium", "MobileNetV4, medium, with attention",
                 hybrid(kHybridMedium, 32, nn::Activation::kRelu)),
      mobile_row("mobilenetv4_hybrid_large", "MobileNetV4, large, with attention",
                 hybrid(kHybridLarge, 24, nn::Activation::kGelu)),
  };
}

}  // namespace stoker::models
