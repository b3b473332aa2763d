#include <string>

#include "stoker/weights/dialects.h"

namespace stoker::weights {
namespace {

std::vector<NameRule> torchvision_vit() {
  return {{"class_token", "cls_token"},
          {"encoder.pos_embedding", "pos_embed"},
          {"conv_proj.", "patch_embed.proj."},
          {"encoder.layers.encoder_layer_#.ln_1.", "blocks.#1.norm1."},
          {"encoder.layers.encoder_layer_#.self_attention.in_proj_", "blocks.#1.attn.qkv."},
          {"encoder.layers.encoder_layer_#.self_attention.out_proj.", "blocks.#1.attn.proj."},
          {"encoder.layers.encoder_layer_#.ln_2.", "blocks.#1.norm2."},
          // linear_1 and linear_2 before torchvision 0.12
          {"encoder.layers.encoder_layer_#.mlp.0.", "blocks.#1.mlp.fc1."},
          {"encoder.layers.encoder_layer_#.mlp.3.", "blocks.#1.mlp.fc2."},
          {"encoder.layers.encoder_layer_#.mlp.linear_1.", "blocks.#1.mlp.fc1."},
          {"encoder.layers.encoder_layer_#.mlp.linear_2.", "blocks.#1.mlp.fc2."},
          {"encoder.ln.", "norm."},
          {"heads.head.", "head."}};
}

std::vector<NameRule> transformers_vit() {
  return {{"embeddings.cls_token", "cls_token"},
          {"embeddings.mask_token", ""},
          {"embeddings.register_tokens", "reg_token"},
          {"embeddings.position_embeddings", "pos_embed"},
          {"embeddings.patch_embeddings.projection.", "patch_embed.proj."},
          {"encoder.layer.#.attention.attention.query.", "blocks.#1.attn.q."},
          {"encoder.layer.#.attention.attention.key.", "blocks.#1.attn.k."},
          {"encoder.layer.#.attention.attention.value.", "blocks.#1.attn.v."},
          {"encoder.layer.#.attention.output.dense.", "blocks.#1.attn.proj."},
          {"encoder.layer.#.intermediate.dense.", "blocks.#1.mlp.fc1."},
          {"encoder.layer.#.output.dense.", "blocks.#1.mlp.fc2."},
          {"encoder.layer.#.layernorm_before.", "blocks.#1.norm1."},
          {"encoder.layer.#.layernorm_after.", "blocks.#1.norm2."},
          // DINOv2's
          {"encoder.layer.#.norm", "blocks.#1.norm"},
          {"encoder.layer.#.mlp.", "blocks.#1.mlp."},
          {"encoder.layer.#.layer_scale1.lambda1", "blocks.#1.ls1.gamma"},
          {"encoder.layer.#.layer_scale2.lambda1", "blocks.#1.ls2.gamma"},
          {"layernorm.", "norm."},
          {"pooler.", ""},
          {"classifier.", "head."}};
}

std::vector<NameRule> facebook_vit() {
  return {{"mask_token", ""},
          {"register_tokens", "reg_token"},
          // of their training
          {"head.mlp.", ""},
          {"head.last_layer.", ""},
          {"dino_head.", ""},
          {"ibot_head.", ""}};
}

std::vector<NameRule> torchvision_convnext() {
  return {{"features.0.0.", "stem.0."},
          {"features.0.1.", "stem.1."},
          {"features.#.#.block.0.", "stages.#1-1/2.blocks.#2.conv_dw."},
          {"features.#.#.block.2.", "stages.#1-1/2.blocks.#2.norm."},
          {"features.#.#.block.3.", "stages.#1-1/2.blocks.#2.mlp.fc1."},
          {"features.#.#.block.5.", "stages.#1-1/2.blocks.#2.mlp.fc2."},
          {"features.#.#.layer_scale", "stages.#1-1/2.blocks.#2.gamma"},
          {"features.#.", "stages.#1/2.downsample."},
          {"classifier.0.", "head.norm."},
          {"classifier.2.", "head.fc."}};
}

std::vector<NameRule> transformers_convnext() {
  return {{"embeddings.patch_embeddings.", "stem.0."},
          {"embeddings.layernorm.", "stem.1."},
          {"encoder.stages.#.downsampling_layer.", "stages.#1.downsample."},
          {"encoder.stages.#.layers.#.dwconv.", "stages.#1.blocks.#2.conv_dw."},
          {"encoder.stages.#.layers.#.layernorm.", "stages.#1.blocks.#2.norm."},
          {"encoder.stages.#.layers.#.pwconv1.", "stages.#1.blocks.#2.mlp.fc1."},
          {"encoder.stages.#.layers.#.pwconv2.", "stages.#1.blocks.#2.mlp.fc2."},
          {"encoder.stages.#.layers.#.grn.gamma", "stages.#1.blocks.#2.mlp.grn.weight"},
          {"encoder.stages.#.layers.#.grn.beta", "stages.#1.blocks.#2.mlp.grn.bias"},
          {"encoder.stages.#.layers.#.grn.", "stages.#1.blocks.#2.mlp.grn."},
          {"encoder.stages.#.layers.#.layer_scale_parameter", "stages.#1.blocks.#2.gamma"},
          {"layernorm.", "head.norm."},
          {"classifier.", "head.fc."}};
}

std::vector<NameRule> facebook_convnext() {
  return {{"downsample_layers.0.", "stem."},
          {"downsample_layers.#.", "stages.#1.downsample."},
          {"stages.#.#.dwconv.", "stages.#1.blocks.#2.conv_dw."},
          {"stages.#.#.norm.", "stages.#1.blocks.#2.norm."},
          {"stages.#.#.pwconv1.", "stages.#1.blocks.#2.mlp.fc1."},
          {"stages.#.#.pwconv2.", "stages.#1.blocks.#2.mlp.fc2."},
          {"stages.#.#.grn.gamma", "stages.#1.blocks.#2.mlp.grn.weight"},
          {"stages.#.#.grn.beta", "stages.#1.blocks.#2.mlp.grn.bias"},
          {"stages.#.#.gamma", "stages.#1.blocks.#2.gamma"},
          {"norm.", "head.norm."},
          {"head.weight", "head.fc.weight"},
          {"head.bias", "head.fc.bias"}};
}

std::vector<NameRule> torchvision_swin() {
  return {{"features.0.0.", "patch_embed.proj."},
          {"features.0.2.", "patch_embed.norm."},
          {"features.#.#.norm", "layers.#1-1/2.blocks.#2.norm"},
          {"features.#.#.attn.relative_position_index", ""},
          {"features.#.#.attn.", "layers.#1-1/2.blocks.#2.attn."},
          {"features.#.#.mlp.0.", "layers.#1-1/2.blocks.#2.mlp.fc1."},
          {"features.#.#.mlp.3.", "layers.#1-1/2.blocks.#2.mlp.fc2."},
          {"features.#.", "layers.#1/2.downsample."},
          {"norm.", "norm."},
          {"head.weight", "head.fc.weight"},
          {"head.bias", "head.fc.bias"}};
}

// A convolution and its norm, which torchvision counts.
void add_pair(std::vector<NameRule>& rules, const std::string& theirs, const std::string& conv,
              const std::string& norm) {
  rules.push_back({theirs + "0.", conv});
  rules.push_back({theirs + "1.", norm});
}

std::vector<NameRule> torchvision_regnet() {
  const std::string block = "trunk_output.block#.block#-#.", ours = "s#1.b#3+1.";
  std::vector<NameRule> rules{{block + "f.se.", ours + "se."}, {"fc.", "head.fc."}};
  add_pair(rules, "stem.", "stem.conv.", "stem.bn.");
  add_pair(rules, block + "proj.", ours + "downsample.conv.", ours + "downsample.bn.");
  add_pair(rules, block + "f.a.", ours + "conv1.conv.", ours + "conv1.bn.");
  add_pair(rules, block + "f.b.", ours + "conv2.conv.", ours + "conv2.bn.");
  add_pair(rules, block + "f.c.", ours + "conv3.conv.", ours + "conv3.bn.");
  return rules;
}

std::vector<NameRule> torchvision_efficientnet() {
  const std::string first = "features.1.#.block.", block = "features.#.#.block.";
  const std::string ours = "blocks.#1-1.#2.";
  std::vector<NameRule> rules{{first + "1.fc1.", "blocks.0.#1.se.conv_reduce."},
                              {first + "1.fc2.", "blocks.0.#1.se.conv_expand."},
                              {block + "2.fc1.", ours + "se.conv_reduce."},
                              {block + "2.fc2.", ours + "se.conv_expand."},
                              {"classifier.1.", "classifier."}};
  add_pair(rules, first + "0.", "blocks.0.#1.conv_dw.", "blocks.0.#1.bn1.");
  add_pair(rules, first + "2.", "blocks.0.#1.conv_pw.", "blocks.0.#1.bn2.");
  add_pair(rules, block + "0.", ours + "conv_pw.", ours + "bn1.");
  add_pair(rules, block + "1.", ours + "conv_dw.", ours + "bn2.");
  add_pair(rules, block + "3.", ours + "conv_pwl.", ours + "bn3.");
  add_pair(rules, "features.0.", "conv_stem.", "bn1.");
  add_pair(rules, "features.8.", "conv_head.", "bn2.");
  return rules;
}

// Blocks are counted through; here they stand in stages.
std::vector<NameRule> torchvision_mobilenet_v2() {
  std::vector<NameRule> rules{{"features.1.conv.1.", "blocks.0.0.conv_pw."},
                              {"features.1.conv.2.", "blocks.0.0.bn2."},
                              {"classifier.1.", "classifier."}};
  add_pair(rules, "features.0.", "conv_stem.", "bn1.");
  add_pair(rules, "features.1.conv.0.", "blocks.0.0.conv_dw.", "blocks.0.0.bn1.");
  int number = 2, stage = 1;
  for (const int blocks : {2, 3, 4, 3, 3, 1}) {
    for (int b = 0; b < blocks; ++b, ++number) {
      const std::string theirs = "features." + std::to_string(number) + ".conv.";
      const std::string ours = "blocks." + std::to_string(stage) + "." + std::to_string(b) + ".";
      add_pair(rules, theirs + "0.", ours + "conv_pw.", ours + "bn1.");
      add_pair(rules, theirs + "1.", ours + "conv_dw.", ours + "bn2.");
      rules.push_back({theirs + "2.", ours + "conv_pwl."});
      rules.push_back({theirs + "3.", ours + "bn3."});
    }
    ++stage;
  }
  add_pair(rules, "features.18.", "conv_head.", "bn2.");
  return rules;
}

std::vector<NameRule> torchvision_vgg() {
  return {{"features.", "features."},
          {"classifier.0.", "pre_logits.fc1."},
          {"classifier.3.", "pre_logits.fc2."},
          {"classifier.6.", "head.fc."}};
}

// timm before 0.9 too.
std::vector<NameRule> microsoft_swin() {
  return {{"layers.#.blocks.#.attn.relative_position_index", ""},
          {"layers.#.blocks.#.attn_mask", ""},
          {"layers.#.downsample.", "layers.#1+1.downsample."},
          {"head.weight", "head.fc.weight"},
          {"head.bias", "head.fc.bias"}};
}

}  // namespace

const std::vector<Dialect>& dialects() {
  static const std::vector<Dialect> table{
      {"torchvision's ViT", "", torchvision_vit()},
      {"the ViT of transformers", "vit.", transformers_vit()},
      {"the DeiT of transformers", "deit.", transformers_vit()},
      {"the DINOv2 of transformers", "dinov2.", transformers_vit()},
      {"the DINOv2 of transformers, with registers", "dinov2_with_registers.", transformers_vit()},
      {"the ViT of DINO and DINOv2", "backbone.", facebook_vit()},
      {"torchvision's ConvNeXt", "", torchvision_convnext()},
      {"the ConvNeXt of transformers", "convnext.", transformers_convnext()},
      {"the ConvNeXt V2 of transformers", "convnextv2.", transformers_convnext()},
      {"the ConvNeXt of its paper", "", facebook_convnext()},
      {"a ViT that classifies its class token", "", {{"norm.", "fc_norm."}}},
      {"torchvision's RegNet", "", torchvision_regnet()},
      {"torchvision's EfficientNet", "", torchvision_efficientnet()},
      {"torchvision's MobileNetV2", "", torchvision_mobilenet_v2()},
      {"torchvision's Swin", "", torchvision_swin()},
      {"torchvision's VGG", "", torchvision_vgg()},
      {"torchvision's Inception-v3", "", {{"AuxLogits.", ""}}},
      {"the Swin of its paper", "", microsoft_swin()},
  };
  return table;
}

}  // namespace stoker::weights
