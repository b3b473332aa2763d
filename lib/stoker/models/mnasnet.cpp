// MnasNet (Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", 2019): B1,
// and A1 with squeeze-and-excitation (semnasnet).
#include "stoker/models/families.h"
#include "stoker/models/mobile_network.h"

namespace stoker::models {
namespace {

constexpr std::string_view kB1 =
    "ds_r1_k3_s1_c16_noskip | ir_r3_k3_s2_e3_c24 | ir_r3_k5_s2_e3_c40 | ir_r3_k5_s2_e6_c80 | "
    "ir_r2_k3_s1_e6_c96 | ir_r4_k5_s2_e6_c192 | ir_r1_k3_s1_e6_c320_noskip";
constexpr std::string_view kA1 =
    "ds_r1_k3_s1_e1_c16_noskip | ir_r2_k3_s2_e6_c24 | ir_r3_k5_s2_e3_c40_se0.25 | "
    "ir_r4_k3_s2_e6_c80 | ir_r2_k3_s1_e6_c112_se0.25 | ir_r3_k5_s2_e6_c160_se0.25 | "
    "ir_r1_k3_s1_e6_c320";

}  // namespace

ModelTable::Rows mnasnet_rows() {
  const auto scaled = [](std::string_view stages, double width) {
    return MobileArchitecture{.stages = stages, .width = width};
  };
  return {
      mobile_row("mnasnet_050", "MnasNet-B1, half as wide", scaled(kB1, 0.5)),
      mobile_row("mnasnet_100", "MnasNet-B1", scaled(kB1, 1.0)),
      mobile_row("semnasnet_075", "MnasNet-A1, three quarters as wide", scaled(kA1, 0.75)),
      mobile_row("semnasnet_100", "MnasNet-A1", scaled(kA1, 1.0)),
  };
}

}  // namespace stoker::models
