// Networks of mobile blocks: a stem, stages in the notation of mobile_spec.h, a head.
#pragma once

#include <memory>
#include <string_view>

#include "stoker/models/mobile_blocks.h"
#include "stoker/models/model.h"
#include "stoker/models/network.h"

namespace stoker::models {

struct MobileArchitecture {
  std::string_view stages;
  int64_t stem = 32;        // channels
  int64_t features = 1280;  // of the last convolution
  double width = 1;         // factor on channels
  double depth = 1;         // factor on repeats
  MobileStyle style = {};
  bool widens_stem = true;
  // The last convolution: before the pooling, with a norm (EfficientNet), or behind it, with a bias
  // or a norm (MobileNetV3, V4).
  enum class Head { kBeforePool, kBehindPool, kBehindPoolWithNorm } head = Head::kBeforePool;
};

std::shared_ptr<Model> build_mobile(const MobileArchitecture& architecture,
                                    const NetworkOptions& options, const ModelContext& context);

ModelTable::Row mobile_row(std::string_view name, std::string_view help,
                           const MobileArchitecture& architecture);

}  // namespace stoker::models
