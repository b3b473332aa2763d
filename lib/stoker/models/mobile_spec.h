// The notation of MnasNet's authors for stages of mobile networks: "ir_r3_k5_s2_e6_c40_se0.25" are
// three inverted residuals with kernels of 5, the first of stride 2, expanding six times, of 40
// channels, with squeeze-and-excitation to a quarter.
//
//   for (const Stage& stage : parse_stages("ds_r1_k3_s1_c16 | ir_r2_k3_s2_e6_c24")) …
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "stoker/nn/activation.h"

namespace stoker::models {

enum class MobileKind {
  kConv,       // cn: a convolution
  kSeparable,  // ds: depthwise, then pointwise
  kInverted,   // ir: pointwise, depthwise, pointwise
  kEdge,       // er: a convolution, then pointwise
  kUniversal,  // uir: as ir, with another depthwise convolution before, either of which may be none
  kAttention,  // mqa: multi-query attention
};

struct MobileSpec {
  MobileKind kind = MobileKind::kConv;
  int64_t repeats = 1;                       // r
  int64_t kernel = 0;                        // k; 0: no depthwise convolution (uir)
  int64_t start_kernel = 0;                  // a; of uir alone
  int64_t stride = 1;                        // s
  double expansion = 1;                      // e
  int64_t channels = 0;                      // c
  int64_t heads = 1;                         // h; of mqa alone, as the next two
  int64_t key_width = 64;                    // d; channels of a key, and of a value
  int64_t kv_stride = 1;                     // v; of the convolution before keys and values
  double squeeze = 0;                        // se; share of channels, 0: none
  std::optional<nn::Activation> activation;  // nre: ReLU
  std::optional<bool> skip;                  // skip, noskip: whether the input may be added
};

using MobileStage = std::vector<MobileSpec>;

// Stages between "|", blocks between spaces. Throws InternalError: the text is the program's own.
std::vector<MobileStage> parse_stages(std::string_view text);

}  // namespace stoker::models
