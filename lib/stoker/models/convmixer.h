// ConvMixer (Trockman and Kolter, "Patches Are All You Need?", 2022) with timm's parameter names,
// shapes and initial distributions.
//
//   models().pick("convmixer_768_32")
#pragma once

#include <memory>

#include "stoker/config/fields.h"
#include "stoker/models/global_pool.h"
#include "stoker/models/model.h"
#include "stoker/nn/activation.h"

namespace stoker::models {

struct ConvmixerOptions {
  // Set by the row of the table, not by a config.
  int64_t width = 768;
  int64_t depth = 32;
  int64_t kernel = 7;
  int64_t patch = 7;
  nn::Activation activation = nn::Activation::kGelu;

  double dropout = 0;  // before the classifier
  Pool pool = Pool::kAvg;
};
void describe(ConvmixerOptions& options, config::Fields& fields);

// Throws ConfigError for images smaller than a patch.
std::shared_ptr<Model> build_convmixer(const ConvmixerOptions& options,
                                       const ModelContext& context);

ModelTable::Rows convmixer_rows();

}  // namespace stoker::models
