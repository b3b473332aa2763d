// A checkpoint on disk: one folder that is whole or not there.
//
//   step-00001200/
//     model.safetensors      parameters and buffers, by the model's names
//     optimizer.safetensors  optimizer state, and algorithms' under "algorithm/<name>/"
//     state.json             position, scaler, metrics, class names
//     config.yaml            the resolved configuration
//     manifest.json          size and checksum (XXH3, 128 bits) of each of those
//
// CheckpointStore writes it under a temporary name and renames it; runs/checkpoints.h verifies it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "stoker/core/file.h"
#include "stoker/runs/checkpoints.h"
#include "stoker/weights/safetensors_image.h"

namespace stoker::train {

struct CheckpointContent {
  weights::NamedTensors model;
  weights::NamedTensors optimizer;
  std::string state_json;
  std::string config_yaml;
};

// The same as its files' bytes in host memory, which is kept from one fill() to the next: what a
// thread writes while training goes on.
struct CheckpointImage {
  weights::SafetensorsImage model;
  weights::SafetensorsImage optimizer;
  std::string state_json;
  std::string config_yaml;

  CheckpointImage() = default;
  CheckpointImage(CheckpointContent content) { fill(std::move(content)); }  // NOLINT(*-explicit-*)
  void fill(CheckpointContent content);
};

// Into a folder that is not there yet; the manifest comes last, and all is synced but the folder's
// own name. Throws FileError.
void write_checkpoint(FileSystem& files, const std::filesystem::path& folder,
                      const CheckpointImage& image);
// Tensors share memory maps of the files. Throws DataError for tensors that are not laid out as the
// file says.
CheckpointContent read_checkpoint(const runs::WholeCheckpoint& checkpoint);

}  // namespace stoker::train
