// Weights by the name that a hub has for them ("model.weights: timm/resnet50.a1_in1k"), from the
// cache that its tools keep on this machine. Nothing is downloaded.
//
//   is_hub_name("timm/resnet50.a1_in1k");        // true
//   path = cached_weights("timm/resnet50.a1_in1k");   // throws ConfigError with the command to run
#pragma once

#include <filesystem>
#include <string_view>

namespace stoker::weights {

// Whether `text` reads as OWNER/NAME, which a file that exists takes precedence over.
bool is_hub_name(std::string_view text);

// The folder with model.safetensors of the repository's revision that is in the cache of
// huggingface_hub, which timm and transformers use: $HF_HUB_CACHE, $HF_HOME/hub, or
// ~/.cache/huggingface/hub. torchvision/NAME means the file that torch.hub keeps, which is a
// pickle. Throws ConfigError that says what there is and the command that gets or converts the
// weights.
std::filesystem::path cached_weights(std::string_view name);

}  // namespace stoker::weights
