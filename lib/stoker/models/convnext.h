// ConvNeXt (Liu et al., "A ConvNet for the 2020s", 2022) and V2 (Woo et al., "ConvNeXt V2", 2023)
// with timm's parameter names, shapes and initial distributions. Channels stay innermost from the
// stem on.
//
//   models().pick("convnext_tiny")
//   auto model = build_convnext({.drop_path = 0.1}, {.classes = 9, .height = 224, .width = 224});
#pragma once

#include <array>
#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/global_pool.h"
#include "stoker/models/model.h"

namespace stoker::models {

struct ConvnextOptions {
  // Set by the row of the table, not by a config.
  std::array<int64_t, 4> depths{3, 3, 9, 3};
  std::array<int64_t, 4> widths{96, 192, 384, 768};
  bool conv_mlp = false;  // timm's weights of the smallest are those of 1x1 convolutions
  bool response_norm = false;

  double layer_scale = 1e-6;  // initial factor of the branches; 0: none is learned
  double drop_path = 0;       // of the last block
  double dropout = 0;         // before the classifier
  Pool pool = Pool::kAvg;
};
void describe(ConvnextOptions& options, config::Fields& fields);

// Throws ConfigError for images below 32 x 32.
std::shared_ptr<Model> build_convnext(const ConvnextOptions& options, const ModelContext& context);

ModelTable::Rows convnext_rows();

}  // namespace stoker::models
