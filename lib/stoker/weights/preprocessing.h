// How images were made into inputs where weights were trained, as the files beside the weights say.
//
//   if (const auto wanted = preprocessing_beside(folder / "model.safetensors"))
//     log().info("{}", to_text(*wanted));
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stoker::weights {

struct Preprocessing {
  std::vector<double> mean, std;  // of pixels from 0 to 1, by channel
  int64_t side = 0;               // pixels; 0: not said
  double crop = 0;                // share of the side that is kept after resizing; 0: not said
  std::string interpolation;      // "bicubic"; "": not said
  std::string file;               // that says it
};

// From timm's config.json or transformers' preprocessor_config.json in the weights' folder; nothing
// where there is neither, or it says no mean and deviation. Files that are no JSON say nothing.
std::optional<Preprocessing> preprocessing_beside(const std::filesystem::path& weights);

// "224 px, bicubic, crop 0.9, mean [0.5, 0.5, 0.5], std [0.5, 0.5, 0.5] (config.json)"
std::string to_text(const Preprocessing& preprocessing);

}  // namespace stoker::weights
