// Mobile multi-query attention (Qin et al., "MobileNetV4", 2024, section 4): all heads share one
// set of keys and values, which a strided depthwise convolution may thin out. timm's names.
#pragma once

#include <memory>

#include "stoker/models/mobile_blocks.h"

namespace stoker::models {

std::shared_ptr<Layer> make_mobile_attention(const MobileBlockShape& shape,
                                             const MobileStyle& style);

// Draws the weights of the attention in `network` as timm does: Xavier's uniform distribution.
void initialize_mobile_attention(torch::nn::Module& network);

}  // namespace stoker::models
