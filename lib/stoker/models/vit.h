// Vision transformers (Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021; Touvron et al.,
// DeiT, 2021, and DeiT III, 2022; Darcet et al., "Vision Transformers Need Registers", 2024) with
// timm's parameter names, shapes and initial distributions.
//
//   models().pick("vit_small_patch16_224")                // in a config: model: vit_b_16
//   auto model = build_vit({.width = 384, .heads = 6}, {.classes = 9, .height = 224, .width =
//   224});
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"

namespace stoker::models {

enum class TokenPool { kToken, kAvg };
std::span<const std::string_view> enum_names(TokenPool);  // token, avg

struct VitOptions {
  // Set by the row of the table, not by a config.
  int64_t patch = 16;
  int64_t width = 192;
  int64_t depth = 12;
  int64_t heads = 3;
  bool embeds_prefix = true;  // the class token has a row of the position embedding

  TokenPool pool = TokenPool::kToken;
  int64_t registers = 0;
  bool qkv_bias = true;
  double layer_scale = 0;  // initial factor of the branches; 0: none is learned
  double drop_path = 0;    // of the last block
  double dropout = 0;      // before the classifier
};
void describe(VitOptions& options, config::Fields& fields);

// Throws ConfigError for images whose sides are no multiples of the patch's.
std::shared_ptr<Model> build_vit(const VitOptions& options, const ModelContext& context);

ModelTable::Rows vit_rows();

}  // namespace stoker::models
