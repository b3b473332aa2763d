// evaluation.json: what the newest evaluation says of classes and images; and batch.jpg, the first
// images that a run trained on.
//
//   {"step": 186, "epoch": 6.0, "images": 2000, "loss": 0.1, "top1": 0.99, "top5": 1.0, "ece":
//   0.02,
//    "classes": ["circle", …], "per_class": [[200, 0.99, 0.98, 0.985], …],
//    "confusion": [[0, 0, 198], [0, 3, 2], …], "calibration": [[12, 0.3, 0.25], …],
//    "examples": [{"sample": 17, "file": "val/cat/17.png", "label": 0, "loss": 4.1,
//                  "guesses": [[3, 0.91], [0, 0.05], …], "why": ["wrong"], "small": false,
//                  "picture": "data:image/jpeg;base64,…"}]}
//
// With several labels an image, "map", "f1_micro", "f1_macro" and "threshold" stand in the place of
// top1, top5 and ece, a row of per_class has average precision, the best threshold and the F1 there
// besides, and there is no confusion, calibration and no examples.
//
// per_class: images, precision, recall, F1. confusion: label, prediction, images, of the pairs that
// there are. calibration: images, mean confidence, accuracy, of 15 bins. Examples are the images
// whose guesses are most wrong or most uncertain, and some of the pairs that are confused most.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "stoker/core/file.h"
#include "stoker/data/dataset.h"
#include "stoker/kernels/image.h"
#include "stoker/train/events.h"

namespace stoker::callbacks {

struct EvaluationFacts {
  std::shared_ptr<const data::Dataset> images;  // of validation; null: none
  int64_t max_pixels = 100'000'000;             // of an image that is decoded for a picture
  kernels::Normalization normalization;         // of the training images
};

// Writes the file after each evaluation, and once more with pictures when the run ends; what cannot
// be read has none.
std::unique_ptr<train::Callback> make_evaluation_file(FileSystem& files, EvaluationFacts facts,
                                                      const std::filesystem::path& folder);

}  // namespace stoker::callbacks
