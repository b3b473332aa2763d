// MLP-Mixer (Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision", 2021) with timm's
// parameter names, shapes and initial distributions.
//
//   models().pick("mixer_b16_224")
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/model.h"

namespace stoker::models {

struct MixerOptions {
  // Set by the row of the table, not by a config.
  int64_t patch = 16;
  int64_t width = 512;
  int64_t depth = 8;

  double drop_path = 0;  // of every block
  double dropout = 0;    // before the classifier
};
void describe(MixerOptions& options, config::Fields& fields);

// Throws ConfigError for images whose sides are no multiples of the patch's.
std::shared_ptr<Model> build_mixer(const MixerOptions& options, const ModelContext& context);

ModelTable::Rows mixer_rows();

}  // namespace stoker::models
