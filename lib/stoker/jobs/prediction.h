// What a trained model says of images.
//
//   PredictionTotals totals = run_predictions(path, {}, images, 5, [](const Prediction& p) { … });
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stoker/loader/loader.h"

namespace stoker::jobs {

struct Prediction {
  std::string image;
  struct Guess {
    std::string class_name;
    double probability = 0;  // by the loss of the training: softmax, or sigmoid of each class
  };
  std::vector<Guess> guesses;  // the most probable first
  // Where images may have several labels: those from eval.threshold on, the most probable first.
  std::optional<std::vector<Guess>> labels;
};

struct PredictionTotals {
  int64_t images = 0;  // predicted
  int64_t unreadable_count = 0;
  std::vector<loader::SkippedSample> unreadable;  // the first 1,000
  std::vector<std::string> nonfinite;  // images whose outputs are not finite; not predicted
  double time_s = 0;                   // decoding and prediction, no set-up
};

// checkpoint: as for load_trained_model. Images that cannot be read are passed over and listed.
// `emit` is called for the others in their order. top_k above the number of classes means all.
// on_progress: as run_evaluation's.
PredictionTotals run_predictions(const std::filesystem::path& checkpoint,
                                 std::span<const std::string> overrides,
                                 std::vector<std::filesystem::path> images, int64_t top_k,
                                 const std::function<void(const Prediction&)>& emit,
                                 const std::function<void(int64_t, int64_t)>& on_progress = {});

}  // namespace stoker::jobs
