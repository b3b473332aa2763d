// `shapes`: a procedural data set that needs no download. Ten kinds of figures at random places,
// sizes, angles and colours on a textured, noisy background.
//
// Every pixel is a function of (seed, split, index): nothing is stored, and any image is made at
// any time. A linear model gets about one in eight right, a small convolutional network nearly all.
#pragma once

#include <memory>

#include "stoker/data/dataset.h"

namespace stoker::data {

struct ShapesOptions {
  int64_t images = 8000;
  int32_t size = 32;  // width and height in pixels
  uint64_t seed = 0;
  int64_t classes = 10;  // the first of the ten figures
  // Above 0: an image has from none to so many, each another, smaller than a single one, and is
  // labelled with all of them.
  int64_t most_figures = 0;
  Split split = Split::kTrain;
};

std::shared_ptr<const Dataset> make_shapes_dataset(const ShapesOptions& options);

}  // namespace stoker::data
