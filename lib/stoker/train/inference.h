// Forward passes over a data set without gradients: what evaluation, prediction and export share.
//
//   Unreadable unreadable = infer(model, source, {.device = device, .batch_size = 1000},
//                                 [&](const AveragedViews& batch) { metrics.add(batch.logits, …);
//                                 });
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "stoker/dist/group.h"
#include "stoker/models/model.h"
#include "stoker/parallel/stage.h"
#include "stoker/train/average_views.h"
#include "stoker/train/feed.h"
#include "stoker/train/unreadable.h"

namespace stoker::train {

struct InferenceOptions {
  at::Device device{at::kCPU};
  int64_t batch_size = 1000;  // of views
  Precision precision = Precision::kFp32;
  // Which decides how views are averaged.
  config::Choice loss = losses::losses().pick("cross_entropy");
  double threshold = 0.5;                 // of evaluate() where images may have several labels
  int64_t max_images = 0;                 // 0: all
  std::string_view doing = "evaluation";  // for messages
  bool keeps_guesses = false;             // evaluate() says what was guessed for each image
  bool may_shrink = true;                 // evaluate() takes smaller batches where memory runs out
  // infer() passes over parts of a batch where memory runs out, and goes on so; of one process.
  bool divides_batches = false;
  dist::Group* group = &dist::alone();  // whose ranks have each a share of the batches
  // Of a pipeline: the first stages have the shares, and what `use` is called with.
  parallel::Stage* stage = nullptr;
  // Called after each batch with the images that are done, unreadable ones included, and of how
  // many; of this rank.
  std::function<void(int64_t done, int64_t of)> on_progress = nullptr;
};

// Runs the model in eval mode over the source's samples in their order, or this rank's share of
// them, which is whole batches, so that each batch is that of one process; puts the mode back.
// Where the source repeats samples, these are views whose predictions are averaged; samples that
// could not be read are left out. Throws Interrupted when a signal asked to stop, and what `use`
// throws; OutOfMemory and DeviceError as ops/device_errors.h says.
Unreadable infer(models::Model& model, const Source& source, const InferenceOptions& options,
                 const std::function<void(const AveragedViews&)>& use);

}  // namespace stoker::train
