// EfficientNet (Tan and Le, 2019) and EfficientNetV2 (2021). Rows that begin with tf_ have the
// padding and the norms of the originals in TensorFlow.
#include "stoker/models/families.h"
#include "stoker/models/mobile_network.h"

namespace stoker::models {
namespace {

constexpr std::string_view kFirst =
    "ds_r1_k3_s1_e1_c16_se0.25 | ir_r2_k3_s2_e6_c24_se0.25 | ir_r2_k5_s2_e6_c40_se0.25 | "
    "ir_r3_k3_s2_e6_c80_se0.25 | ir_r3_k5_s1_e6_c112_se0.25 | ir_r4_k5_s2_e6_c192_se0.25 | "
    "ir_r1_k3_s1_e6_c320_se0.25";
constexpr std::string_view kV2Base =
    "cn_r1_k3_s1_e1_c16_skip | er_r2_k3_s2_e4_c32 | er_r2_k3_s2_e4_c48 | "
    "ir_r3_k3_s2_e4_c96_se0.25 | ir_r5_k3_s1_e6_c112_se0.25 | ir_r8_k3_s2_e6_c192_se0.25";
constexpr std::string_view kV2Small =
    "cn_r2_k3_s1_e1_c24_skip | er_r4_k3_s2_e4_c48 | er_r4_k3_s2_e4_c64 | "
    "ir_r6_k3_s2_e4_c128_se0.25 | ir_r9_k3_s1_e6_c160_se0.25 | ir_r15_k3_s2_e6_c256_se0.25";
constexpr std::string_view kV2Medium =
    "cn_r3_k3_s1_e1_c24_skip | er_r5_k3_s2_e4_c48 | er_r5_k3_s2_e4_c80 | "
    "ir_r7_k3_s2_e4_c160_se0.25 | ir_r14_k3_s1_e6_c176_se0.25 | ir_r18_k3_s2_e6_c304_se0.25 | "
    "ir_r5_k3_s1_e6_c512_se0.25";
constexpr std::string_view kV2Rw =
    "er_r2_k3_s1_e1_c24 | er_r4_k3_s2_e4_c48 | er_r4_k3_s2_e4_c64 | ir_r6_k3_s2_e4_c128_se0.25 | "
    "ir_r9_k3_s1_e6_c160_se0.25 | ir_r15_k3_s2_e6_c272_se0.25";

MobileStyle style(bool tensorflow) {
  return {.activation = nn::Activation::kSilu,
          .norm = {.eps = tensorflow ? 1e-3 : 1e-5},
          .same_padding = tensorflow,
          .squeeze_activation = nn::Activation::kSilu};
}

MobileArchitecture first(double width, double depth, bool tensorflow) {
  return {.stages = kFirst,
          .features = round_channels(1280 * width),
          .width = width,
          .depth = depth,
          .style = style(tensorflow)};
}

}  // namespace

ModelTable::Rows efficientnet_rows() {
  const MobileStyle ours = style(false), tensorflow = style(true);
  return {
      mobile_row("efficientnet_b0", "EfficientNet-B0", first(1.0, 1.0, false)),
      mobile_row("efficientnet_b1", "EfficientNet-B1", first(1.0, 1.1, false)),
      mobile_row("efficientnet_b2", "EfficientNet-B2", first(1.1, 1.2, false)),
      mobile_row("efficientnet_b3", "EfficientNet-B3", first(1.2, 1.4, false)),
      mobile_row("efficientnet_b4", "EfficientNet-B4", first(1.4, 1.8, false)),
      mobile_row("tf_efficientnet_b0", "EfficientNet-B0, as in TensorFlow", first(1.0, 1.0, true)),
      mobile_row("tf_efficientnet_b1", "EfficientNet-B1, as in TensorFlow", first(1.0, 1.1, true)),
      mobile_row("tf_efficientnet_b2", "EfficientNet-B2, as in TensorFlow", first(1.1, 1.2, true)),
      mobile_row("tf_efficientnet_b3", "EfficientNet-B3, as in TensorFlow", first(1.2, 1.4, true)),
      mobile_row("tf_efficientnet_b4", "EfficientNet-B4, as in TensorFlow", first(1.4, 1.8, true)),
      mobile_row("efficientnetv2_rw_t", "EfficientNetV2, tiny, as timm's author trained it",
                 {.stages = kV2Small,
                  .stem = 24,
                  .features = 1024,
                  .width = 0.8,
                  .depth = 0.9,
                  .style = ours}),
      mobile_row("efficientnetv2_rw_s", "EfficientNetV2, small, as timm's author trained it",
                 {.stages = kV2Rw, .stem = 24, .features = 1792, .style = ours}),
      mobile_row("efficientnetv2_s", "EfficientNetV2, small",
                 {.stages = kV2Small, .stem = 24, .style = ours}),
      mobile_row("efficientnetv2_m", "EfficientNetV2, medium",
                 {.stages = kV2Medium, .stem = 24, .style = ours}),
      mobile_row("tf_efficientnetv2_b0", "EfficientNetV2-B0, as in TensorFlow",
                 {.stages = kV2Base, .style = tensorflow}),
      mobile_row("tf_efficientnetv2_s", "EfficientNetV2, small, as in TensorFlow",
                 {.stages = kV2Small, .stem = 24, .style = tensorflow}),
      mobile_row("tf_efficientnetv2_m", "EfficientNetV2, medium, as in TensorFlow",
                 {.stages = kV2Medium, .stem = 24, .style = tensorflow}),
  };
}

}  // namespace stoker::models
