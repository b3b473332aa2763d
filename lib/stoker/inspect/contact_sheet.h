// A picture of a data set: a row for each class, with its name and some of its images.
#pragma once

#include <cstddef>
#include <vector>

#include "stoker/data/dataset.h"
#include "stoker/decode/decode.h"

namespace stoker::inspect {

struct ContactSheetOptions {
  int32_t images_per_class = 10;
  int32_t max_classes = 40;  // evenly spread where there are more
  int32_t tile = 64;         // pixels; images are fitted into a square of this side
  uint64_t seed = 0;         // which images are picked
};

// A PNG. An unreadable image leaves a crossed-out tile.
std::vector<std::byte> contact_sheet(const data::Dataset& dataset,
                                     const ContactSheetOptions& options = {},
                                     const decode::DecodeLimits& limits = {});

}  // namespace stoker::inspect
