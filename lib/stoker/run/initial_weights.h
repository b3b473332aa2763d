// Fine-tuning: the weights that a run begins with instead of random ones.
//
//   if (const auto options = config.model.common<models::TransferOptions>(); options.weights)
//     session.weights = load_initial_weights(*session.model, config);
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "stoker/core/unchanged_files.h"
#include "stoker/models/model.h"
#include "stoker/run/run_config.h"
#include "stoker/weights/named_tensors.h"

namespace stoker::run {

struct WeightFile {
  std::string path;
  std::string sha256;
  uint64_t size_bytes = 0;
};

struct InitialWeights {
  std::string source;             // as the config says it
  std::vector<WeightFile> files;  // what was read for it
  std::string prefix;             // taken off the names in the file; mostly ""
  int64_t tensors = 0;            // loaded
  std::vector<std::string>
      reset;  // the model's tensors that model.head: reset leaves as they began
};

// Side of the kernel of the first convolution, "conv1.weight" of a ResNet; 0 where there is none.
int64_t stem_kernel(const weights::NamedTensors& tensors);

// Whether a path names a run of stoker, a checkpoint or a pointer to one, rather than a file of
// weights.
bool is_run_or_checkpoint(const std::filesystem::path& path);

// model.weights, opened and, where they are a run of ours, verified. Throws ConfigError where there
// is nothing to read, and DataError for a file that cannot be read.
struct OpenWeights {
  std::vector<std::filesystem::path> files;
  UnchangedFiles unchanged;
  weights::NamedTensors tensors;  // maps of the files
};
OpenWeights open_weights(const std::string& path);

// Copies them into the model, the classifier aside where model.head is reset. Everything else must
// be in the file, fit, and be wanted. Throws ConfigError that lists all tensors that do not.
InitialWeights load_initial_weights(models::Model& model, const RunConfig& config,
                                    OpenWeights weights);

// What a run's weights.json holds.
std::string to_json(const InitialWeights& weights);
// "resnet50.safetensors (SHA-256 0123456789ab…), 318 tensors; new: fc.weight, fc.bias"
std::string to_text(const InitialWeights& weights);

}  // namespace stoker::run
