// A trained model's weights as one file for other programs.
//
//   export_weights("runs/a/1", "a.safetensors", {}, {.names = ExportNames::kTorchvision});
//
// which torchvision's network then takes by load_state_dict.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace stoker::jobs {

enum class ExportNames { kTimm, kTorchvision };

struct ExportOptions {
  ExportNames names = ExportNames::kTimm;
  bool fold = false;  // branches that evaluation folds, as one layer (models/fold.h)
};

struct ExportedWeights {
  std::filesystem::path checkpoint;
  std::string network;  // what it is called there
  std::vector<std::string> class_names;
  int64_t tensors = 0;
  int64_t folded = 0;  // parts that were folded
  uint64_t size_bytes = 0;
};

// path, overrides: as load_trained_model. Throws ConfigError where torchvision has no such network,
// or the names that were asked for do not fit this one, and FileError.
ExportedWeights export_weights(const std::filesystem::path& path, const std::filesystem::path& file,
                               std::span<const std::string> overrides,
                               const ExportOptions& options);

}  // namespace stoker::jobs
