// Swin transformers (Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted
// Windows", 2021) with timm's parameter names, shapes and initial distributions.
//
//   models().pick("swin_tiny_patch4_window7_224")                       // or torchvision's swin_t
//   auto model = build_swin({.drop_path = 0.2}, {.classes = 9, .height = 224, .width = 224});
#pragma once

#include <array>
#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/global_pool.h"
#include "stoker/models/model.h"

namespace stoker::models {

struct SwinOptions {
  // Set by the row of the table, not by a config. Widths and heads double from stage to stage.
  int64_t width = 96;
  int64_t heads = 3;
  std::array<int64_t, 4> depths{2, 2, 6, 2};

  double drop_path = 0.1;  // of the last block
  double dropout = 0;      // before the classifier
  Pool pool = Pool::kAvg;
};
void describe(SwinOptions& options, config::Fields& fields);

// Windows have 7 x 7 patches, or fewer where a stage's map has. Throws ConfigError for images below
// 4 x 4.
std::shared_ptr<Model> build_swin(const SwinOptions& options, const ModelContext& context);

ModelTable::Rows swin_rows();

}  // namespace stoker::models
